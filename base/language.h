/* language.h -- the languages that texts for people are written in, and which one a client wants.
 */
#pragma once

#include <stddef.h>

#define LANGUAGE_ROWS(L) L(ENGLISH, "en") L(INDONESIAN, "id")

#define LANGUAGE_NUMBER(NAME, tag) NAME,
enum text_language { LANGUAGE_ROWS(LANGUAGE_NUMBER) LANGUAGES };

extern const char *const language_tags[LANGUAGES]; /* RFC 5646 */

/* The language that an Accept-Language (NULL: none) gives the greatest weight, of equal ones the
 * first; a tag counts by its primary part, so "id-ID" is Indonesian. ENGLISH if it names none. */
enum text_language language_accepted(const char *accept_language);

/* The weight of one element of an Accept header and the like, "id;q=0.8": 0 to 1000, 1000 if it
 * says none. */
int accept_weight(const char *element, size_t length);
