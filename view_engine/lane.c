/* lane.c -- one batch into the views of one lane: the checkpoint and all statements in one round
 * trip; and, when an event fails, a savepoint per view and the search for it. */
#include "view_engine/engine_parts.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "platform/process/metrics.h"
#include "view_engine/call.h"
#include "base/banned.h"

/* ---- the checkpoint ---- */

/* Also moves the marks of the views that change with it (engine.change), in the same statement and
 * after the lane: one more would cost a small batch some percent. A version that does not serve has
 * no mark. */
static const struct pg_statement FENCE = {
    "lane_fence",
    "WITH changed AS (UPDATE engine.change SET mark = greatest(mark + 1, "
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint) WHERE view = ANY ($7::text[])) "
    "UPDATE engine.lane SET position = $2::bigint, revision = $3::bigint, moved = now() "
    "WHERE name = $1::text AND position = $4::bigint AND epoch = $5::bigint "
    "AND revision = $6::bigint"};

enum { FENCE_VALUES = 7 };

static void fence_values(const struct lane *lane, int64_t to, int64_t revision, const char *changed,
                         struct arena *a, const char *values[FENCE_VALUES])
{
    const int64_t numbers[] = {to, revision, lane->position, lane->epoch, lane->revision};
    values[0] = lane->name;
    for (int i = 1; i < FENCE_VALUES - 1; i++)
        values[i] = arena_printf(a, "%lld", (long long)numbers[i - 1]);
    values[FENCE_VALUES - 1] = changed;
}

static fallible check_fence(const struct lane *lane, const struct rows *moved)
{
    if (rows_affected(moved) == 1)
        return NULL;
    log_warning("another engine has moved the lane: loading it anew", KV("lane", lane->name),
                KV("position", lane->position));
    return VERSION_CONFLICT;
}

/* `changed`: the views that change, as an array. */
static fallible fence(struct pg *db, const struct lane *lane, int64_t to, int64_t revision,
                      const char *changed)
{
    scoped_arena a = {0};
    scoped_rows *moved = NULL;
    const char *values[FENCE_VALUES];
    fence_values(lane, to, revision, changed, &a, values);
    TRY(pg_call(db, &FENCE, FENCE_VALUES, values, &moved));
    return check_fence(lane, moved);
}

fallible lane_fence(struct pg *db, const struct lane *lane, int64_t to, int64_t revision)
{
    return fence(db, lane, to, revision, "{}");
}

/* ---- one view ---- */

struct work {
    struct projected *projected;
    struct pg *db;
    bool trusted;
    struct parking parking;
};

static void park(struct work *w, const struct batch_event *e, const char *error)
{
    parking_add(&w->parking, e, error);
    names_add(&w->projected->parked.streams, e->stream);
    w->projected->parked.events++;
    if (!w->projected->parked.oldest)
        w->projected->parked.oldest = time_now();
    if (error && !w->projected->filling)
        log_error("event parked", KV("view", w->projected->view.name), KV("stream", e->stream),
                  KV("position", e->position), KV("type", e->type), KV("reason", error));
}

/* After all other errors the batch is tried again: they come from the database. */
static bool is_events_fault(const struct pg *db)
{
    return pg_fault(db) == PG_DATA;
}

static const struct pg_statement BEGIN = {"begin", "BEGIN"}, COMMIT = {"commit", "COMMIT"},
                                 SAVEPOINT = {"savepoint", "SAVEPOINT view"},
                                 RELEASE = {"release", "RELEASE SAVEPOINT view"};

static fallible add_plain(struct pipeline *p, const struct pg_statement *s)
{
    return pipeline_add(p, s, 0, NULL, NULL);
}

static fallible add_view(struct pipeline *p, const struct view *v,
                         const struct batch_event *const *at, int count)
{
    TRY(add_plain(p, &v->enter));
    for (int i = 0; i < v->count; i++)
        TRY(batch_add(p, &v->statements[i], at, count));
    return NULL;
}

static fallible run_fold(struct work *w, const struct batch_event *const *at, int count)
{
    TRY(pg_call(w->db, &SAVEPOINT, 0, NULL, NULL));
    TRY(fold_apply(&w->projected->view, w->db, at, count));
    return pg_call(w->db, &RELEASE, 0, NULL, NULL);
}

static fallible run_statements(struct work *w, const struct batch_event *const *at, int count)
{
    scoped_pipeline *p = NULL;
    if (w->projected->view.fold)
        return run_fold(w, at, count);
    TRY(pipeline_begin(w->db, &p));
    TRY(add_plain(p, &SAVEPOINT));
    TRY(add_view(p, &w->projected->view, at, count));
    TRY(add_plain(p, &RELEASE));
    return pipeline_end(p);
}

/* Moves the events of parked streams to their queues, closes up the others and counts them. */
static int leave_parked_out(struct work *w, const struct batch_event **at, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (names_has(&w->projected->parked.streams, at[i]->stream) &&
            !PLANTED(PARKING_WITHOUT_THE_SUCCESSORS))
            park(w, at[i], NULL);
        else if (at[i]->unreadable && w->trusted)
            park(w, at[i], at[i]->unreadable);
        else
            at[kept++] = at[i];
    }
    return kept;
}

/* The first 500 bytes, whole characters: what goes into a text column. */
static void copy_message(const struct pg *db, const struct problem *p, char out[512])
{
    int length = p == UNREADABLE_EVENT
                     ? snprintf(out, 501, "refused by the program's function")
                     : snprintf(out, 501, "%s: %s", pg_sqlstate(db), pg_message(db));
    for (size_t n = length < 500 ? (size_t)length : 500; text_characters(out, n) < 0;)
        out[--n] = '\0';
}

/* Applies what can be applied of these events: all at once, else each half by itself. */
static fallible apply_part(struct work *w, const struct batch_event **at, int count)
{
    char error[512];
    count = leave_parked_out(w, at, count);
    if (!count)
        return NULL;
    const struct problem *p = run_statements(w, at, count);
    if (p != UNREADABLE_EVENT && !(p == STATEMENT_REFUSED && is_events_fault(w->db)))
        return p;
    if (!w->trusted)
        return UNREADABLE_EVENT;
    copy_message(w->db, p, error);
    TRY(pg_run(w->db, "ROLLBACK TO SAVEPOINT view; RELEASE SAVEPOINT view"));
    if (count == 1) {
        park(w, at[0], error);
        return NULL;
    }
    TRY(apply_part(w, at, count / 2));
    return apply_part(w, at + count / 2, count - count / 2);
}

static int choose_wanted(const struct view *v, const struct batch_event *events, int count,
                         const struct batch_event **at)
{
    int wanted = 0;
    for (int i = 0; i < count; i++)
        if (view_wants(v, &events[i]))
            at[wanted++] = &events[i];
    return wanted;
}

static fallible apply_wanted(struct work *w, const struct batch_event *events, int count)
{
    scoped_arena a = {0};
    const struct batch_event **at = arena_array(&a, (size_t)count, sizeof(*at));
    int wanted = choose_wanted(&w->projected->view, events, count, at);
    for (int i = 0; i < wanted; i++)
        if (at[i]->unreadable && !w->trusted)
            return UNREADABLE_EVENT;
    TRY(apply_part(w, at, wanted));
    return parking_store(&w->parking, w->db, w->projected->view.name);
}

fallible view_apply(struct projected *v, struct pg *db, const struct batch_event *events, int count,
                    bool trusted)
{
    struct work w = {.projected = v, .db = db, .trusted = trusted};
    const struct problem *p = apply_wanted(&w, events, count);
    parking_release(&w.parking);
    return p;
}

fallible view_send(const struct view *v, struct pg *db, const struct batch_call *calls)
{
    scoped_pipeline *p = NULL;
    TRY(pipeline_begin(db, &p));
    TRY(add_plain(p, &v->enter));
    for (int i = 0; i < v->count; i++)
        TRY(batch_send(p, &v->statements[i], &calls[i]));
    return pipeline_end(p);
}

/* ---- one lane ---- */

/* The events of a batch that one view is given. */
struct wanted {
    const struct batch_event **at;
    int count;
};

struct lane_batch {
    int lane;
    const struct batch_event *events;
    int count;
    int64_t to;
    bool trusted;
    struct wanted *wanted; /* by view of the engine; none of another lane's */
    const char *changed;   /* the names of those that are given any, as an array */
};

static void choose_all(const struct engine *e, struct lane_batch *b, struct arena *a)
{
    scoped_text changed = {0};
    b->wanted = arena_array(a, (size_t)e->view_count + 1, sizeof(*b->wanted));
    for (int i = 0; i < e->view_count; i++) {
        const struct projected *v = &e->views[i];
        if (v->lane != b->lane)
            continue;
        struct wanted *w = &b->wanted[i];
        w->at = arena_array(a, (size_t)b->count, sizeof(*w->at));
        w->count = choose_wanted(&v->view, b->events, b->count, w->at);
        if (w->count)
            pg_array_text(&changed, v->view.name);
    }
    b->changed = arena_text(a, pg_array_end(&changed));
}

/* Nothing parked and nothing to park, as far as can be known before. */
static bool is_plain(const struct engine *e, const struct lane_batch *b)
{
    for (int i = 0; i < e->view_count; i++)
        if (e->views[i].lane == b->lane && e->views[i].parked.events)
            return false;
    for (int i = 0; i < b->count; i++)
        if (b->events[i].unreadable)
            return false;
    return true;
}

static fallible add_all(struct engine *e, const struct lane_batch *b, struct pipeline *p,
                        struct rows **moved)
{
    scoped_arena a = {0};
    const struct lane *lane = &e->lanes[b->lane];
    const char *values[FENCE_VALUES];
    fence_values(lane, b->to, lane->revision, b->changed, &a, values);
    TRY(add_plain(p, &BEGIN));
    TRY(pipeline_add(p, &FENCE, FENCE_VALUES, values, moved));
    if (PLANTED(CHECKPOINT_BEFORE_THE_ROWS)) {
        TRY(add_plain(p, &COMMIT));
        TRY(add_plain(p, &BEGIN));
    }
    for (int i = 0; i < e->view_count; i++)
        if (b->wanted[i].count && !e->views[i].view.fold)
            TRY(add_view(p, &e->views[i].view, b->wanted[i].at, b->wanted[i].count));
    return NULL;
}

static fallible apply_folds(struct engine *e, const struct lane_batch *b)
{
    for (int i = 0; i < e->view_count; i++) {
        const struct view *v = &e->views[i].view;
        if (b->wanted[i].count && v->fold)
            TRY(fold_apply(v, e->parts.views, b->wanted[i].at, b->wanted[i].count));
    }
    return NULL;
}

/* The common case: one round trip, those of folds beside it, and no savepoints, which are a third
 * of what a small batch costs. The statements run before it is known whether the lane was where it
 * should be: if not, another engine has written the same rows, whatever else is told. */
static fallible apply_plainly(struct engine *e, const struct lane_batch *b, int64_t *generation)
{
    scoped_pipeline *p = NULL;
    scoped_rows *moved = NULL;
    TRY(pipeline_begin(e->parts.views, &p));
    *generation = pg_begun(e->parts.views);
    TRY(add_all(e, b, p, &moved));
    TRY(pipeline_send(p));
    FAILPOINT(PROJECTOR_AFTER_CHECKPOINT);
    const struct problem *problem = pipeline_end(p);
    if (moved)
        TRY(check_fence(&e->lanes[b->lane], moved));
    TRY(problem);
    return apply_folds(e, b);
}

static fallible apply_carefully(struct engine *e, const struct lane_batch *b, int64_t *generation)
{
    const struct lane *lane = &e->lanes[b->lane];
    TRY(pg_begin(e->parts.views, generation));
    TRY(fence(e->parts.views, lane, b->to, lane->revision, b->changed));
    if (PLANTED(CHECKPOINT_BEFORE_THE_ROWS))
        TRY(pg_run(e->parts.views, "COMMIT; BEGIN"));
    FAILPOINT(PROJECTOR_AFTER_CHECKPOINT);
    for (int i = 0; i < e->view_count; i++)
        if (b->wanted[i].count)
            TRY(view_apply(&e->views[i], e->parts.views, b->events, b->count, b->trusted));
    return NULL;
}

static fallible transact(struct engine *e, const struct lane_batch *b, bool plainly)
{
    struct pg *db = e->parts.views;
    int64_t generation = -1; /* no transaction yet */
    const struct problem *p =
        plainly ? apply_plainly(e, b, &generation) : apply_carefully(e, b, &generation);
    bool is_fault = plainly && p == STATEMENT_REFUSED && is_events_fault(db);
    if (p) {
        pg_roll_back(db, generation);
        return is_fault ? UNREADABLE_EVENT : p;
    }
    FAILPOINT(PROJECTOR_BEFORE_COMMIT);
    TRY(pg_commit(db, generation));
    FAILPOINT(PROJECTOR_AFTER_COMMIT);
    return NULL;
}

/* If a statement refuses an event, a second transaction finds the view and the event. */
fallible lane_apply(struct engine *e, int lane, const struct batch_event *events, int count,
                    int64_t to, bool trusted)
{
    scoped_arena a = {0};
    struct lane_batch b = {
        .lane = lane, .events = events, .count = count, .to = to, .trusted = trusted};
    choose_all(e, &b, &a);
    bool plainly = is_plain(e, &b);
    const struct problem *p = transact(e, &b, plainly);
    if (p == UNREADABLE_EVENT && plainly && trusted)
        p = transact(e, &b, false);
    TRY(p);
    e->lanes[lane].position = to;
    metric_add(METRIC_es_projection_events_total, NULL, count);
    return NULL;
}
