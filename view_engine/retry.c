/* retry.c -- a parked stream again, from the store's copy, in order; free when all of it was
 * applied. */
#include "view_engine/engine_parts.h"

#include "base/log.h"
#include "base/banned.h"

static const struct pg_statement FIRST_PARKED = {
    "parked_first",
    "SELECT min(position) FROM engine.parked WHERE view = $1::text AND stream = $2::text"};
static const struct pg_statement UNPARK = {
    "unpark", "DELETE FROM engine.parked WHERE view = $1::text AND stream = $2::text "
              "AND position < $3::bigint"};
static const struct pg_statement LEFT = {
    "parked_left",
    "SELECT count(*) FROM engine.parked WHERE view = $1::text AND stream = $2::text"};
/* Streams that wait for a program that can read their first event. */
static const struct pg_statement UNREAD = {
    "parked_unread",
    "SELECT view, stream, type FROM (SELECT DISTINCT ON (view, stream) view, stream, "
    "type, error FROM engine.parked ORDER BY view, stream, position) first "
    "WHERE error = ANY ($1::text[])"};

static fallible read_count(struct engine *e, const struct pg_statement *s, const char *view,
                           const char *stream, int64_t *out)
{
    scoped_rows *rows = NULL;
    const char *values[] = {view, stream};
    TRY(pg_call(e->parts.views, s, 2, values, &rows));
    *out = rows_int(rows, 0, 0);
    return NULL;
}

/* Events of the stream from `first` on that the lane has passed. */
static fallible fetch(struct engine *e, const char *stream, int64_t first, int64_t last,
                      struct arena *a, struct batch_event **out, int *count)
{
    struct event_page page;
    TRY(store_load(e->parts.store, &stream, 1, a, &page));
    *out = arena_array(a, (size_t)page.count, sizeof(**out));
    *count = 0;
    for (int i = 0; i < page.count; i++)
        if (page.at[i].position >= first && page.at[i].position <= last)
            (*out)[(*count)++] = batch_from_store(e->parts.language, &page.at[i], a);
    return NULL;
}

/* One after the other; the first that fails is parked again, and those behind it stay where they
 * are. */
static fallible replay(struct engine *e, struct projected *v, const char *stream,
                       const struct batch_event *events, int count)
{
    const struct lane *lane = &e->lanes[v->lane];
    scoped_arena a = {0};
    int64_t applied_before = INT64_MAX;
    TRY(lane_fence(e->parts.views, lane, lane->position, lane->revision + 1));
    TRY(view_changed(e->parts.views, v->view.name));
    names_remove(&v->parked.streams, stream);
    for (int i = 0; i < count; i++) {
        TRY(view_apply(v, e->parts.views, &events[i], 1, true));
        if (names_has(&v->parked.streams, stream)) {
            applied_before = events[i].position;
            break;
        }
    }
    const char *values[] = {v->view.name, stream,
                            arena_printf(&a, "%lld", (long long)applied_before)};
    return pg_call(e->parts.views, &UNPARK, 3, values, NULL);
}

static fallible replay_in_transaction(struct engine *e, struct projected *v, const char *stream,
                                      const struct batch_event *events, int count)
{
    int64_t generation;
    TRY(pg_begin(e->parts.views, &generation));
    const struct problem *p = replay(e, v, stream, events, count);
    e->loaded = false; /* the lane's revision and the parked streams have changed, or may have */
    if (!p)
        return pg_commit(e->parts.views, generation);
    pg_roll_back(e->parts.views, generation);
    return p;
}

fallible engine_retry(struct engine *e, const char *view, const char *stream, int64_t *left)
{
    scoped_arena a = {0};
    struct batch_event *events;
    int count;
    int64_t first;
    TRY(engine_load(e));
    struct projected *v = registry_find(e, view);
    if (!v)
        return NO_SUCH_ITEM;
    TRY(read_count(e, &FIRST_PARKED, view, stream, &first));
    if (first) {
        TRY(fetch(e, stream, first, e->lanes[v->lane].position, &a, &events, &count));
        TRY(replay_in_transaction(e, v, stream, events, count));
    }
    TRY(read_count(e, &LEFT, view, stream, left));
    log_info("parked stream retried", KV("view", view), KV("stream", stream), KV("left", *left));
    return NULL;
}

fallible retry_unread(struct engine *e)
{
    scoped_rows *rows = NULL;
    scoped_text reasons = {0};
    for (const char *const *r = batch_unreadable; *r; r++)
        pg_array_text(&reasons, *r);
    const char *values[] = {pg_array_end(&reasons)};
    int64_t left;
    TRY(pg_call(e->parts.views, &UNREAD, 1, values, &rows));
    for (int i = 0; i < rows_count(rows); i++)
        if (registry_find(e, rows_text(rows, i, 0)) &&
            e->parts.language->version_of(rows_text(rows, i, 2)))
            TRY(engine_retry(e, rows_text(rows, i, 0), rows_text(rows, i, 1), &left));
    return NULL;
}
