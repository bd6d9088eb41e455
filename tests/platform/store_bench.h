/* store_bench.h -- commands to append and a connection to append them by, for tests of the store.
 */
#pragma once

#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <sodium.h>

#include "base/time.h"
#include "platform/postgres/store.h"

static const unsigned char KEY[32] = "k";

struct one {
    struct append append;
    struct append_stream streams[3];
    struct append_event events[4];
    char key[DIGEST_TEXT], digest[DIGEST_TEXT];
    char ids[4][UUID_TEXT];
};

/* One command under `key` that writes `count` events to `stream` at `version`; its answer is about
 * that stream. */
static inline struct append *command(struct one *o, const char *key, const char *body,
                                     const char *stream, int64_t version, int count)
{
    *o = (struct one){0};
    digest_parts_hex(KEY, (const char *const[]){key}, 1, o->key);
    digest_parts_hex(KEY, (const char *const[]){body}, 1, o->digest);
    o->streams[0] = (struct append_stream){stream, version, count > 0};
    for (int i = 0; i < count; i++)
        o->events[i] = (struct append_event){
            0, "report", uuid_new(o->ids[i]), "test.happened", 1, "{\"n\": 1}", "{}"};
    o->append = (struct append){.actor = "a",
                                .key = o->key,
                                .digest = o->digest,
                                .status = 200,
                                .body = body,
                                .version = version + count,
                                .position = 77,
                                .streams = o->streams,
                                .stream_count = 1,
                                .events = o->events,
                                .event_count = count};
    return &o->append;
}

struct bench {
    struct pg *pg;
    struct store *store;
    struct arena arena;
};

static inline struct bench open_store(const char *url)
{
    struct bench b = {.pg = pg_new(url, "test", NULL, 5000)};
    b.store = store_new(b.pg);
    return b;
}

static inline void close_store(struct bench *b)
{
    store_free(b->store);
    pg_free(b->pg);
    arena_release(&b->arena);
}

static inline const struct problem *append_one(struct bench *b, struct append *c)
{
    return store_append(b->store, c, 1, &b->arena);
}

static inline int64_t ask(struct bench *b, const char *sql)
{
    scoped_rows *rows = NULL;
    struct pg_statement s = {NULL, sql};
    CHECK_OK(pg_call(b->pg, &s, 0, NULL, &rows));
    return rows_int(rows, 0, 0);
}

/* Positions without a gap, the counter at the last one, each stream at its last version. */
static inline void check_log(struct bench *b, int events)
{
    CHECK_INT(ask(b, "SELECT count(*) FROM es_event"), events);
    CHECK_INT(ask(b, "SELECT position FROM es_counter"), events);
    CHECK_INT(ask(b, "SELECT coalesce(max(position), 0) FROM es_event"), events);
    CHECK_INT(ask(b, "SELECT count(*) FROM es_stream s WHERE (version, position) IS DISTINCT FROM "
                     "(SELECT (max(e.version), max(e.position)) FROM es_event e "
                     "WHERE e.stream = s.stream)"),
              0);
    CHECK_INT(ask(b, "SELECT count(DISTINCT stream) - (SELECT count(*) FROM es_stream) "
                     "FROM es_event"),
              0);
}
