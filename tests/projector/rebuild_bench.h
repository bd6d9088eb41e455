/* rebuild_bench.h -- what a rebuilding process owns, beside the projector's bench. */
#pragma once

#include "tests/projector/bench.h"

#include "view_engine/rebuild.h"

enum { LONG_LOG = 3000, STEPS = 1000 };

/* What one rebuilding process owns. */
struct builder {
    struct pg *store_connection, *views;
    struct store *store;
    struct rebuild_parts parts;
    struct rebuild *rebuild;
};

static inline struct builder builder_open(const struct bench *b, const struct embedded *files)
{
    struct builder w = {0};
    w.store_connection = pg_new(b->store_url, "test rebuild store", NULL, 20000);
    w.views = pg_new(b->views_url, "test rebuild views", views_session, 20000);
    w.store = store_new(w.store_connection);
    w.parts = (struct rebuild_parts){files, &event_language, w.store, w.views, NULL};
    return w;
}

static inline void builder_close(struct builder *w)
{
    rebuild_free(w->rebuild);
    store_free(w->store);
    pg_free(w->views);
    pg_free(w->store_connection);
    *w = (struct builder){0};
}

static inline const struct problem *begin_rebuild(struct builder *w, const char *view)
{
    rebuild_free(w->rebuild);
    w->rebuild = NULL;
    return rebuild_begin(&w->parts, view, &w->rebuild);
}

static inline const struct problem *finish(struct builder *w)
{
    bool done = false;
    for (int i = 0; i < STEPS && !done; i++) {
        const struct problem *p = rebuild_step(w->rebuild, &done);
        if (p)
            return p;
    }
    CHECK(done);
    return NULL;
}

static inline const struct problem *rebuild_once(struct builder *w, const char *view)
{
    const struct problem *p = begin_rebuild(w, view);
    return p ? p : finish(w);
}

/* `count` reports at once; returns the head. */
static inline int64_t append_many(struct bench *b, int count)
{
    scoped_arena a = {0};
    run_sql(
        b->writer,
        arena_printf(
            &a,
            "WITH c AS (UPDATE es_counter SET position = position + %d RETURNING position) "
            "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, "
            "data, meta) SELECT p, 'report-' || id, 1, 'report', gen_random_uuid(), "
            "'%s', %d, $data$%s$data$::jsonb || jsonb_build_object('report_id', id), '{}' "
            "FROM (SELECT position - %d + i AS p, gen_random_uuid() AS id FROM c, "
            "generate_series(1, %d) i) new",
            count, event_name(ReportCreated), event_version(ReportCreated),
            event_sample(&a, ReportCreated,
                         "{\"content\":\"a \\\"b\\\"\\nc\",\"location\":null,"
                         "\"reporter_user_id\":null,\"occurred_at\":null}"),
            count, count));
    return ask_int(b->writer, "SELECT position FROM es_counter");
}

/* Both versions hold the same rows. */
static inline void check_equal(struct bench *b, const char *one, const char *other)
{
    scoped_text first = {0}, second = {0};
    dump_schema(b->reader, one, &first);
    dump_schema(b->reader, other, &second);
    /* the names of the schemas are in the dumps, and nothing else differs */
    const char *x = text_value(&first), *y = text_value(&second);
    CHECK(strlen(x) > 40 && strchr(x, '\n') && strchr(y, '\n'));
    for (; *x && *y; x += *x != '\0', y += *y != '\0') {
        if (text_starts(x, "== "))
            x = strchr(x, '.');
        if (text_starts(y, "== "))
            y = strchr(y, '.');
        if (*x != *y)
            break;
    }
    CHECK_TEXT(x, y);
}
