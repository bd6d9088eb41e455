/* words.h -- the closed sets of words that facts and commands use, each spelled once. */
#pragma once

#include <stdbool.h>

/* States of a report; the allowed moves are the table in domain/report_moves.def. */
#define STATUSES(W) \
    W(RECEIVED) W(ASSIGNED) W(IN_PROGRESS) W(RESOLVED) W(REJECTED) W(CLOSED) W(WITHDRAWN)
#define VISIBILITIES(W)   W(PUBLIC) W(PRIVATE) W(ANONYMOUS)
#define CATEGORY_KINDS(W) W(CRIME, crime) W(ISSUE, issue)
#define ROLES(W)          W(CITIZEN) W(OFFICER) W(PATROL) W(DISPATCHER) W(SUPERVISOR) W(ADMIN)

#define WORD_ENUM(name) name,
enum status { STATUSES(WORD_ENUM) STATUS_COUNT };
enum visibility { VISIBILITIES(WORD_ENUM) VISIBILITY_COUNT };
#define KIND_ENUM(name, word) name,
enum category_kind { CATEGORY_KINDS(KIND_ENUM) CATEGORY_KIND_COUNT };

/* Roles are bits, so that a route names everyone who may use it; ANYONE needs no token. */
#define ROLE_INDEX(name) ROLE_INDEX_##name,
enum role_index { ROLES(ROLE_INDEX) ROLE_COUNT };
#define ROLE_BIT(name) name = 1 << ROLE_INDEX_##name,
enum role {
    ANYONE = 0,
    ROLES(ROLE_BIT) EVERY_USER = (1 << ROLE_COUNT) - 1,
    SYSTEM = 1 << ROLE_COUNT
};

/* NULL-ended lists, in the order of the enums. */
extern const char *const status_words[];
extern const char *const visibility_words[];
extern const char *const role_words[];
extern const char *const category_kind_words[];
extern const char *const stream_category_words[]; /* of all streams there are: who may read them */

/* Place of the word in its list, -1 if it is not there. */
int word_index(const char *const *words, const char *word);

/* The kind that a report is of; what was filed before kinds were kept (NULL) is an issue. */
enum category_kind kind_from(const char *word);

/* The bit of a role's name, 0 if there is no such role; and its name, "" if not one bit. */
enum role role_from(const char *word);
const char *role_name(enum role role);

#define C_TYPE_VISIBILITY    const char *
#define KIND_VISIBILITY      KIND_WORD
#define SUB_VISIBILITY       visibility_words
#define C_TYPE_STATUS        const char *
#define KIND_STATUS          KIND_WORD
#define SUB_STATUS           status_words
#define C_TYPE_ROLE          const char *
#define KIND_ROLE            KIND_WORD
#define SUB_ROLE             role_words
#define C_TYPE_CATEGORY_KIND const char *
#define KIND_CATEGORY_KIND   KIND_WORD
#define SUB_CATEGORY_KIND    category_kind_words
