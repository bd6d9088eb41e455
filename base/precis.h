/* precis.h -- user names and passwords in the one form that counts (RFC 8265): what a profile calls
 * the same is the same bytes afterwards, however a keyboard or a system has composed it. Pure, any
 * thread, microseconds. Properties, case and normal forms are ICU's.
 *
 * Each returns a text in `a`, or NULL if the profile refuses `s`: not UTF-8, empty, or a character
 * that it does not allow, at all or at its place. Characters are judged in the prepared form (RFC
 * 8264, section 7), so that Hangul in decomposed form is taken. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* UsernameCasePreserved: as it is shown. UsernameCaseMapped: names are the same if these are. */
const char *precis_user_name(struct arena *a, const char *s);
const char *precis_user_name_key(struct arena *a, const char *s);

/* OpaqueString. */
const char *precis_password(struct arena *a, const char *s);

/* ---- between precis.c and precis_class.c: code points ---- */

/* The string classes of RFC 8264, section 4. */
enum precis_class { IDENTIFIER_CLASS, FREEFORM_CLASS };
bool precis_allows(enum precis_class class, const int32_t *s, int count);

/* The Bidi Rule (RFC 5893, section 2), or no right-to-left character. */
bool precis_is_directed(const int32_t *s, int count);
