/* count_fold.c -- the folds of a city whose programs give one: it counts the events of each stream.
 * Linked into a citywatchctl of its own, and into the test that runs it. */
#include "view_engine/fold.h"

static const struct pg_statement COUNT = {
    "count_event", "INSERT INTO count_of_stream AS c (stream, events, last) VALUES ($1, 1, "
                   "$2::bigint) ON CONFLICT (stream) DO UPDATE SET events = c.events + 1, "
                   "last = excluded.last"};

static const struct problem *count_events(void *context, struct pg *db,
                                          const struct batch_event *const *events, int count)
{
    (void)context;
    for (int i = 0; i < count; i++) {
        scoped_arena a = {0};
        const char *values[] = {events[i]->stream,
                                arena_printf(&a, "%lld", (long long)events[i]->position)};
        TRY(pg_call(db, &COUNT, 2, values, NULL));
    }
    return NULL;
}

static const char *const TYPES[] = {"report.created", "report.status.updated", "report.upvoted",
                                    NULL};

const struct view_fold view_folds[] = {
    {.name = "count_of_stream",
     .tables = "CREATE TABLE count_of_stream (stream text PRIMARY KEY, events int NOT NULL, last "
               "bigint NOT NULL)",
     .types = TYPES,
     .revision = "1",
     .apply = count_events},
    {.name = NULL}};
