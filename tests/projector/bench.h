/* bench.h -- a store, a stream and a read database for the projector's tests, and an engine whose
 * turns the test takes itself. Events are written by SQL and published by hand, so that every fault
 * can be made. */
#pragma once

#include "tests/support/event_sample.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <time.h>

#include "base/time.h"
#include "view_engine/engine.h"

extern const struct embedded view_files[];

enum { BLOCK_MS = 20, TURNS = 400, REPORTS_OF_A_DAY = 12 };

struct bench {
    const char *store_url, *views_url;
    struct pg *writer; /* of events */
    struct pg *reader; /* of views, and what breaks them */
    struct store *log;
    struct redis *publisher;
};

/* What one engine owns: a second one on the same bench is another process. */
struct projector {
    struct pg *store_connection, *views;
    struct store *store;
    struct redis *redis;
    struct engine *engine;
};

/* The product's files with main as the home of all, so that one engine keeps them. */
static inline const struct embedded *one_home(void)
{
    enum { FILES_MAX = 64 };
    static struct embedded files[FILES_MAX + 1];
    static const char LANE[] = "\n-- :lane ";
    for (int i = 0; !files[0].name || (i && view_files[i].name); i++) {
        CHECK(i < FILES_MAX);
        files[i] = view_files[i];
        char *at = strdup(view_files[i].text), *lane = strstr(at, LANE);
        if (lane)
            memset(lane + 4, '-', strcspn(lane + 1, "\n") - 3);
        files[i].text = at; /* for the life of the test */
    }
    return files;
}

static inline void run_sql(struct pg *db, const char *sql)
{
    CHECK_OK(pg_run(db, sql));
}

static inline void redis_do(struct bench *b, const char *command, const char *argument)
{
    scoped_arena a = {0};
    struct redis_reply reply = {0};
    CHECK_OK(redis_command(b->publisher, &a, &reply, command, argument, NULL));
    CHECK(reply.kind != REPLY_ERROR);
}

static inline struct bench bench_open(void)
{
    struct bench b = {.store_url = test_store_database(), .views_url = test_views_database()};
    b.writer = pg_new(b.store_url, "test writer", NULL, 5000);
    b.reader = pg_new(b.views_url, "test reader", NULL, 5000);
    b.log = store_new(b.writer);
    b.publisher = redis_new("127.0.0.1", test_redis_port(), NULL, 2000);
    redis_do(&b, "FLUSHALL", NULL);
    return b;
}

static inline void bench_close(struct bench *b)
{
    redis_free(b->publisher);
    store_free(b->log);
    pg_free(b->writer);
    pg_free(b->reader);
}

static inline struct projector projector_made(const struct bench *b, const struct embedded *files,
                                              const struct language *language,
                                              const struct view_fold *folds, const char *home)
{
    struct projector p = {0};
    p.store_connection = pg_new(b->store_url, "test store", NULL, 3000);
    p.views = pg_new(b->views_url, "test views", NULL, 3000);
    p.store = store_new(p.store_connection);
    p.redis = redis_new("127.0.0.1", test_redis_port(), NULL, 1000);
    CHECK_OK(engine_new(
        &(struct engine_parts){files, language, p.store, p.views, p.redis, BLOCK_MS, folds, home},
        &p.engine));
    return p;
}

static inline struct projector projector_of(const struct bench *b, const struct embedded *files,
                                            const struct language *language,
                                            const struct view_fold *folds)
{
    return projector_made(b, files, language, folds, NULL);
}

/* One that keeps the views of that home. */
static inline struct projector projector_at(const struct bench *b, const struct embedded *files,
                                            const char *home)
{
    return projector_made(b, files, &event_language, NULL, home);
}

static inline struct projector projector_with(const struct bench *b, const struct embedded *files,
                                              const struct language *language)
{
    return projector_of(b, files, language, NULL);
}

static inline struct projector projector_open(const struct bench *b)
{
    return projector_with(b, one_home(), &event_language);
}

/* As a killed process leaves it: nothing is said to anybody. */
static inline void projector_close(struct projector *p)
{
    engine_free(p->engine);
    redis_free(p->redis);
    store_free(p->store);
    pg_free(p->views);
    pg_free(p->store_connection);
    *p = (struct projector){0};
}

/* ---- events ---- */

static inline int64_t append(struct bench *b, const char *stream, const char *type, int schema,
                             const char *data)
{
    static const struct pg_statement s = {
        "test_append",
        "WITH c AS (UPDATE es_counter SET position = position + 1 RETURNING position) "
        "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, "
        "meta) "
        "SELECT c.position, $1::text, coalesce((SELECT max(version) FROM es_event WHERE stream = "
        "$1), 0) + 1, "
        "'report', gen_random_uuid(), $2::text, $3::int, $4::jsonb, '{}' FROM c RETURNING "
        "position"};
    scoped_rows *rows = NULL;
    char number[16];
    snprintf(number, sizeof(number), "%d", schema);
    const char *values[] = {stream, type, number, data};
    CHECK_OK(pg_call(b->writer, &s, 4, values, &rows));
    return rows ? rows_int(rows, 0, 0) : 0;
}

/* The sample of the type, at its current version, with these members changed. */
static inline int64_t append_sample(struct bench *b, const char *stream, int type,
                                    const char *changes)
{
    scoped_arena a = {0};
    return append(b, stream, event_name(type), event_version(type),
                  event_sample(&a, type, changes));
}

/* The id of report n: "00000000-0000-7000-8000-00000000000n". */
static inline const char *report_id(struct arena *a, int n)
{
    return arena_printf(a, "00000000-0000-7000-8000-%012d", n);
}

static inline int64_t append_report(struct bench *b, int n)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, n);
    return append_sample(
        b, arena_printf(&a, "report-%s", id), ReportCreated,
        arena_printf(&a,
                     "{\"report_id\":\"%s\",\"reporter_user_id\":\"%s\",\"content\":\"n %d\","
                     "\"category\":\"kebersihan\",\"location\":null,\"occurred_at\":null,"
                     "\"created_at\":\"2026-01-02T03:04:05Z\"}",
                     id, id, n));
}

static inline int64_t append_status(struct bench *b, int n, const char *from, const char *to)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, n);
    return append_sample(
        b, arena_printf(&a, "report-%s", id), ReportStatusUpdated,
        arena_printf(&a,
                     "{\"report_id\":\"%s\",\"old_status\":\"%s\",\"new_status\":\"%s\","
                     "\"category\":\"kebersihan\",\"note\":null,"
                     "\"changed_at\":\"2026-01-02T04:04:05Z\"}",
                     id, from, to));
}

static inline int64_t append_vote(struct bench *b, int report, int voter)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, report), *user = report_id(&a, 1000 + voter);
    return append_sample(b, arena_printf(&a, "vote-%s-%s", id, user), ReportUpvoted,
                         arena_printf(&a,
                                      "{\"report_id\":\"%s\",\"voter_user_id\":\"%s\","
                                      "\"created_at\":\"2026-01-02T05:04:05Z\"}",
                                      id, user));
}

/* Reports, a change of status and two votes each third report; returns the head. */
static inline int64_t append_day(struct bench *b, int first)
{
    int64_t head = 0;
    for (int i = first; i < first + REPORTS_OF_A_DAY; i++) {
        head = append_report(b, i);
        if (i % 3 == 0) {
            append_vote(b, i, 1);
            append_status(b, i, "RECEIVED", "IN_PROGRESS");
            head = append_vote(b, i, 2);
        }
    }
    return head;
}

/* ---- publishing: what the relay does, or what it never would ---- */

struct forgery {
    int64_t epoch, prev; /* 0: the right ones */
    const char *data;    /* NULL: the right one */
};

static inline void publish_one(struct bench *b, const struct stored_event *e, struct forgery f)
{
    scoped_arena a = {0};
    struct redis_reply reply = {0};
    char time[TIME_TEXT];
    const char *values[ENTRY_FIELDS] = {
        "1.0",
        e->id,
        "urn:citywatch:test",
        e->type,
        e->stream,
        time_format(e->recorded, time),
        "application/json",
        arena_printf(&a, "/schemas/%s/%d", e->type, e->schema),
        arena_printf(&a, "%020lld", (long long)e->position),
        arena_printf(&a, "%lld", (long long)(f.prev ? f.prev : e->position - 1)),
        arena_printf(&a, "%lld", (long long)e->version),
        "",
        "",
        "",
        "",
        arena_printf(&a, "%lld", (long long)(f.epoch ? f.epoch : 1)),
        f.data ? f.data : e->data};
    struct redis_argument args[3 + 2 * ENTRY_FIELDS] = {{"XADD", 4}, {"{events}:all", 12}};
    args[2].at = arena_printf(&a, "%lld-0", (long long)e->position);
    args[2].length = strlen(args[2].at);
    for (int i = 0; i < ENTRY_FIELDS; i++) {
        args[3 + 2 * i] = (struct redis_argument){entry_names[i], strlen(entry_names[i])};
        args[4 + 2 * i] = (struct redis_argument){values[i], strlen(values[i])};
    }
    CHECK_OK(redis_call(b->publisher, args, 3 + 2 * ENTRY_FIELDS, &a, &reply));
    CHECK_INT(reply.kind, REPLY_TEXT);
}

/* Events after `from` up to `to`. */
static inline void publish_forged(struct bench *b, int64_t from, int64_t to, struct forgery f)
{
    scoped_arena a = {0};
    struct event_page page = {0};
    CHECK_OK(store_read(b->log, from, (int)(to - from), &a, &page));
    for (int i = 0; i < page.count; i++)
        publish_one(b, &page.at[i], f);
}

static inline void publish(struct bench *b, int64_t from, int64_t to)
{
    publish_forged(b, from, to, (struct forgery){0});
}

/* ---- looking ---- */

static inline int64_t ask_int(struct pg *db, const char *sql)
{
    scoped_rows *rows = NULL;
    struct pg_statement s = {NULL, sql};
    CHECK_OK(pg_call(db, &s, 0, NULL, &rows));
    return rows && rows_count(rows) ? rows_int(rows, 0, 0) : -1;
}

static inline int64_t checkpoint(const struct bench *b)
{
    return ask_int(b->reader, "SELECT position FROM engine.lane WHERE name = 'main'");
}

/* Takes turns until the checkpoint of main is there; false after TURNS of them. */
static inline bool reaches(struct bench *b, struct projector *p, int64_t position)
{
    for (int i = 0; i < TURNS; i++) {
        int wait_ms = engine_step(p->engine);
        if (wait_ms == ENGINE_STOPPED)
            return false;
        if (wait_ms > 0)
            nanosleep(&(struct timespec){.tv_nsec = (wait_ms < 20 ? wait_ms : 20) * 1000000L},
                      NULL);
        if (ask_int(
                b->reader,
                "SELECT coalesce((SELECT position FROM engine.lane WHERE name = 'main'), -1)") ==
            position)
            return true;
    }
    return false;
}

/* Takes turns until the engine says that it cannot go on; false after TURNS of them. */
static inline bool stops(struct projector *p)
{
    for (int i = 0; i < TURNS; i++)
        if (engine_step(p->engine) == ENGINE_STOPPED)
            return true;
    return false;
}

/* Turns until `sql` of the read database is true. */
static inline bool comes_true(struct bench *b, struct projector *p, const char *sql)
{
    for (int i = 0; i < TURNS; i++) {
        if (engine_step(p->engine) == ENGINE_STOPPED)
            return false;
        scoped_rows *rows = NULL;
        struct pg_statement s = {NULL, sql};
        if (!pg_call(b->reader, &s, 0, NULL, &rows) && rows_count(rows) &&
            text_equal(rows_text(rows, 0, 0), "t"))
            return true;
    }
    return false;
}

/* All rows of all tables of one schema, in an order of their own. */
static inline void dump_schema(struct pg *db, const char *schema, struct text *out)
{
    scoped_rows *tables = NULL;
    struct pg_statement list = {
        NULL, "SELECT format('SELECT coalesce(string_agg(t::text, E''\\n'' ORDER BY t::text), "
              "'''') FROM %I.%I t', "
              "table_schema, table_name), table_name FROM information_schema.tables "
              "WHERE table_schema = $1 ORDER BY table_name"};
    CHECK_OK(pg_call(db, &list, 1, &schema, &tables));
    for (int i = 0; tables && i < rows_count(tables); i++) {
        scoped_rows *rows = NULL;
        struct pg_statement s = {NULL, rows_text(tables, i, 0)};
        CHECK_OK(pg_call(db, &s, 0, NULL, &rows));
        text_printf(out, "== %s.%s\n%s\n", schema, rows_text(tables, i, 1),
                    rows ? rows_text(rows, 0, 0) : "");
    }
}

static inline void dump_views(struct pg *db, struct text *out)
{
    for (const struct embedded *f = one_home(); f->name; f++) {
        char schema[64];
        snprintf(schema, sizeof(schema), "%.*s", (int)strcspn(f->name, "."), f->name);
        dump_schema(db, schema, out);
    }
}

/* Every event counts exactly once: the views are what a fresh engine makes of the store, without
 * Redis. */
static inline void check_views_are_the_fold(struct bench *b)
{
    struct bench fresh = *b;
    scoped_text is = {0}, expected = {0};
    int64_t head, epoch;
    fresh.views_url = test_views_database();
    fresh.reader = pg_new(fresh.views_url, "test fold", NULL, 5000);
    struct projector p = projector_open(&fresh);
    CHECK_OK(store_head(b->log, &head, &epoch));
    CHECK(reaches(&fresh, &p, head));
    dump_views(b->reader, &is);
    dump_views(fresh.reader, &expected);
    CHECK_TEXT(text_value(&is), text_value(&expected));
    projector_close(&p);
    pg_free(fresh.reader);
}
