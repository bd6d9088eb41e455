/* command_api.h -- the parts of one command-api process, as its handlers see them (http_context).
 * Made by main before the server starts, constant until it has stopped. */
#pragma once

#include "platform/process/settings.h"
#include "platform/identity/token.h"

struct accounts; /* command-api/accounts.h */
struct writer;   /* writer/writer.h */
struct fixes;    /* command-api/fixes.h */
struct lookups;  /* command-api/lookups.h */

struct command_api {
    const struct settings *settings;
    const struct token_key *key;     /* signs tokens */
    struct revoked *revoked;         /* ended sessions */
    unsigned char server_secret[32]; /* keys idempotency hashes and refresh tokens */
    unsigned char pseudonym_secret[32];
    struct accounts *accounts;
    struct writer *writer;
    struct fixes *fixes;
    struct lookups *lookups;
};
