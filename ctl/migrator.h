/* migrator.h -- numbered SQL files, each applied once. */
#pragma once

#include "base/arena.h"
#include "base/embedded.h"
#include "platform/postgres/postgres.h"

/* Applies what is missing of `files`, in their order, each with its row of schema_migration in one
 * transaction; two at once wait for each other. `applied` is called after each; may be NULL.
 *   MIGRATION_CHANGED  *name was applied with another text; nothing is done
 *   others of pg_run   *name failed and left nothing; those before it are applied
 * *name is NULL if no file is to blame. */
fallible migrate(struct pg *c, const struct embedded *files, void (*applied)(const char *name),
                 const char **name);

/* How a database stands to `files`; each is the first of its kind, NULL if there is none. */
struct migrations_state {
    int applied;         /* of `files`, with the same text */
    const char *missing; /* not applied */
    const char *changed; /* applied with another text */
    const char *unknown; /* applied, and none of `files`; in the arena */
};
/* Changes nothing. Problems of pg_call; STATEMENT_REFUSED: nothing was ever applied. */
fallible migrations_read(struct pg *c, const struct embedded *files, struct arena *a,
                         struct migrations_state *out);
