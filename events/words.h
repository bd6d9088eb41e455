/* words.h -- the closed sets of words that facts and commands use, each spelled once: in the
 * features' words.def. Roles are the kernel's own, since every route names some. */
#pragma once

#include <stdbool.h>

#include "lists/words.def"

#define WORD_ENUM(name, word) name,
#define WORD_LIST(label, LABEL, WORDS)             \
    enum label { WORDS(WORD_ENUM) LABEL##_COUNT }; \
    extern const char *const label##_words[]; /* ended by NULL, in the order of the enum */
WORD_LISTS(WORD_LIST)

#define ROLES(W)                \
    W(CITIZEN, "CITIZEN")       \
    W(OFFICER, "OFFICER")       \
    W(PATROL, "PATROL")         \
    W(DISPATCHER, "DISPATCHER") \
    W(SUPERVISOR, "SUPERVISOR") \
    W(ADMIN, "ADMIN")

/* Roles are bits, so that a route names everyone who may use it; ANYONE needs no token. */
#define ROLE_INDEX(name, word) ROLE_INDEX_##name,
enum role_index { ROLES(ROLE_INDEX) ROLE_COUNT };
#define ROLE_BIT(name, word) name = 1 << ROLE_INDEX_##name,
enum role {
    ANYONE = 0,
    ROLES(ROLE_BIT) EVERY_USER = (1 << ROLE_COUNT) - 1,
    SYSTEM = 1 << ROLE_COUNT
};
extern const char *const role_words[];

/* Place of the word in its list, -1 if it is not there. */
int word_index(const char *const *words, const char *word);

/* The bit of a role's name, 0 if there is no such role; and its name, "" if not one bit. */
enum role role_from(const char *word);
const char *role_name(enum role role);

#define C_TYPE_ROLE const char *
#define KIND_ROLE   KIND_WORD
#define SUB_ROLE    role_words
