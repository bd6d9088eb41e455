/* dispatch_due_test.c -- what is done for dispatches by itself, with the views, the firing thread
 * and the writer of a worker on real databases: never early by the store's clock, and once. */
#include "tests/support/units.h"

#include "tests/sla-worker/worker.h"
#include "writer/gather.h"

static void begin(struct worker *w, int offer_seconds)
{
    worker_open(w);
    add_city(w->log, offer_seconds);
    worker_begin(w, (const char *const[]){"dispatch_due", "dispatch_list", "patrol_list",
                                          "report_detail", NULL});
}

/* ---- a dispatcher ---- */

struct gathered {
    struct gatherer *gatherer;
    struct writer *writer;
};

static const struct problem *gather_and_put(void *to, struct pending *p)
{
    const struct gathered *g = to;
    TRY(gather(g->gatherer, p));
    return writer_put(g->writer, p);
}

static const struct problem *to_writer(void *writer, struct pending *p)
{
    return writer_put(writer, p);
}

static const struct problem *ask(struct worker *w, int type, const char *target, const char *body)
{
    return ask_by(to_writer, w->writer, type, target, body);
}

static const char *status(struct worker *w)
{
    return value(w->log,
                 "SELECT coalesce(data::json->>'new_status', data::json->>'status') FROM "
                 "es_event WHERE stream = 'dispatch-" SENT "' ORDER BY version DESC LIMIT 1");
}

#define IS_NOW(word)                                                                       \
    "SELECT bool_or(data::json->>'new_status' = '" word "') FROM es_event WHERE stream = " \
    "'dispatch-" SENT "'"

/* ---- sentences ---- */

TEST(an_offer_that_nobody_answers_times_out_once_and_never_early)
{
    struct worker w = {.log = NULL}, second;
    begin(&w, 2);
    second = w;
    worker_fire(&second);
    CHECK_OK(
        ask(&w, CreateDispatch, SENT, "{\"report_id\":\"" REPORT "\",\"patrol_id\":\"" UNIT "\"}"));
    usleep(1000000);
    CHECK_TEXT(status(&w), "OFFERED");
    CHECK(comes_true(w.log, IS_NOW("TIMED_OUT")));
    usleep(500000);
    CHECK_TEXT(value(w.log, "SELECT count(*) FROM es_event WHERE type = 'dispatch.status.updated'"),
               "1");
    CHECK_TEXT(value(w.log, "SELECT recorded >= (SELECT (data::json->>'answer_by')::timestamptz "
                            "FROM es_event WHERE type = 'dispatch.created') AND recorded < "
                            "(SELECT (data::json->>'answer_by')::timestamptz FROM es_event WHERE "
                            "type = 'dispatch.created') + interval '2 seconds' FROM es_event WHERE "
                            "type = 'dispatch.status.updated'"),
               "t");
    CHECK_TEXT(value(w.log, "SELECT data::json->>'new_status' FROM es_event WHERE stream = "
                            "'patrol-" UNIT "' ORDER BY version DESC LIMIT 1"),
               "available");
    CHECK_TEXT(value(w.log, "SELECT data::json->>'new_status' FROM es_event WHERE type = "
                            "'report.status.updated' ORDER BY position DESC LIMIT 1"),
               "RECEIVED");
    worker_cease(&second);
    worker_end(&w);
}

TEST(one_that_was_answered_does_not_time_out)
{
    struct worker w = {.log = NULL};
    begin(&w, 1);
    CHECK_OK(
        ask(&w, CreateDispatch, SENT, "{\"report_id\":\"" REPORT "\",\"patrol_id\":\"" UNIT "\"}"));
    CHECK_OK(ask(&w, AcceptDispatch, SENT, "{}"));
    usleep(2000000);
    CHECK_TEXT(status(&w), "ACCEPTED");
    CHECK_TEXT(value(w.views, "SELECT next_at IS NULL FROM dispatch_due.dispatch_due"), "t");
    worker_end(&w);
}

static void reserve(struct worker *w)
{
    scoped_arena a = {0};
    char at[TIME_TEXT];
    CHECK_OK(ask(w, CreateDispatch, SENT,
                 arena_printf(&a,
                              "{\"report_id\":\"" REPORT "\",\"patrol_id\":\"" UNIT
                              "\",\"due_at\":\"%s\"}",
                              time_format(time_now() + 1500000, at))));
    usleep(500000);
    CHECK_TEXT(status(w), "RESERVED");
}

TEST(a_reservation_is_offered_when_its_time_has_come)
{
    struct worker w = {.log = NULL};
    begin(&w, 60);
    reserve(&w);
    CHECK(comes_true(w.log, IS_NOW("OFFERED")));
    CHECK_TEXT(value(w.log, "SELECT recorded >= (SELECT (data::json->>'due_at')::timestamptz FROM "
                            "es_event WHERE type = 'dispatch.created') FROM es_event WHERE type = "
                            "'dispatch.status.updated'"),
               "t");
    CHECK(comes_true(w.views, "SELECT what = 'timeout' FROM dispatch_due.dispatch_due"));
    worker_end(&w);
}

TEST(a_reservation_whose_patrol_is_not_free_then_is_declined)
{
    struct worker w = {.log = NULL};
    begin(&w, 60);
    reserve(&w);
    CHECK_OK(ask(&w, SetPatrolStatus, UNIT, "{\"status\":\"busy\"}"));
    CHECK(comes_true(w.log, IS_NOW("DECLINED")));
    CHECK(comes_true(w.views, "SELECT count(*) = 0 FROM dispatch_due.dispatch_due"));
    worker_end(&w);
}

/* ---- another one in its place ---- */

/* So many more units, each farther away than those before. */
static void add_more(struct worker *w, int count)
{
    scoped_arena a = {0};
    add_position(w->views, UNIT, 100, 0);
    add_position(w->views, SECOND, 200, 0);
    for (int i = 0; i < count; i++) {
        const char *id = arena_printf(&a, "00000000-0000-7000-8000-0000000000b%d", i);
        add_unit(w->log, id);
        add_position(w->views, id, 300 + 100 * i, 0);
    }
    CHECK(comes_true(w->views, arena_printf(&a, "SELECT count(*) = %d FROM patrol_list.patrol_list",
                                            count + 2)));
}

/* As one that named no patrol, of the nearest. */
static void send_nearest(struct worker *w)
{
    struct gatherer *g = gatherer_new(&w->settings, "test");
    struct gathered to = {g, w->writer};
    CHECK_OK(ask_by(gather_and_put, &to, CreateDispatch, SENT, "{\"report_id\":\"" REPORT "\"}"));
    gatherer_free(g);
}

TEST(in_place_of_one_that_does_not_answer_the_next_nearest_is_asked_and_the_chain_ends)
{
    struct worker w = {.log = NULL};
    begin(&w, 1);
    add_more(&w, 4);
    send_nearest(&w);
    CHECK(comes_true(w.log, "SELECT count(*) = 1 FROM es_event WHERE type = 'dispatch.unfilled'"));
    CHECK_TEXT(value(w.log, "SELECT string_agg(right(data::json->>'patrol_id', 2), ' ' ORDER BY "
                            "position) FROM es_event WHERE type = 'dispatch.created'"),
               "a1 a2 b0 b1");
    CHECK_TEXT(value(w.log, "SELECT string_agg(data::json->>'attempt', ' ' ORDER BY position) FROM "
                            "es_event WHERE type = 'dispatch.created'"),
               "1 2 3 4");
    CHECK_TEXT(value(w.log, "SELECT count(*) FROM es_event WHERE type = 'dispatch.replaced'"), "3");
    CHECK(comes_true(w.views, "SELECT count(*) = 0 FROM dispatch_due.dispatch_due"));
    CHECK_TEXT(value(w.log, "SELECT bool_and(data::json->'recommended'->>'distance_m' <> '') FROM "
                            "es_event WHERE type = 'dispatch.created'"),
               "t");
    worker_end(&w);
}

TEST(with_no_other_near_it_is_left_unfilled_at_once)
{
    struct worker w = {.log = NULL};
    begin(&w, 60);
    add_more(&w, 0);
    CHECK_OK(pg_run(w.views, "DELETE FROM positions.unit_position WHERE unit = '" SECOND "'"));
    send_nearest(&w);
    CHECK_OK(ask(&w, DeclineDispatch, SENT, "{}"));
    CHECK(comes_true(w.log, "SELECT count(*) = 1 FROM es_event WHERE type = 'dispatch.unfilled'"));
    CHECK_TEXT(value(w.log, "SELECT count(*) FROM es_event WHERE type = 'dispatch.created'"), "1");
    worker_end(&w);
}

TEST(one_that_named_its_patrol_comes_back_at_once)
{
    struct worker w = {.log = NULL};
    begin(&w, 60);
    add_more(&w, 1);
    CHECK_OK(
        ask(&w, CreateDispatch, SENT, "{\"report_id\":\"" REPORT "\",\"patrol_id\":\"" UNIT "\"}"));
    CHECK_OK(ask(&w, DeclineDispatch, SENT, "{}"));
    usleep(1000000);
    CHECK_TEXT(value(w.log, "SELECT count(*) FROM es_event WHERE type IN ('dispatch.created', "
                            "'dispatch.unfilled')"),
               "1");
    worker_end(&w);
}
