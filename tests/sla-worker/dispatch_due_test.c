/* dispatch_due_test.c -- what is done for dispatches by itself, with the views, the firing thread
 * and the writer of a worker on real databases: never early by the store's clock, and once. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <sodium.h>
#include <unistd.h>

#include "events/command.h"
#include "platform/postgres/postgres.h"
#include "sla-worker/clock_view.h"
#include "sla-worker/firing.h"
#include "view_engine/keepers.h"

#define REPORT "00000000-0000-7000-8000-000000000001"
#define UNIT   "00000000-0000-7000-8000-0000000000a1"
#define OTHER  "00000000-0000-7000-8000-0000000000a2"
#define SENT   "00000000-0000-7000-8000-0000000000d1"
#define THEN   "2026-01-02T03:04:05.000000Z"

extern const struct embedded view_files[];

struct worker {
    struct settings settings;
    struct pg *log, *views;
    struct keepers *keepers;
    struct writer *writer;
    struct firing *firing;
};

static const char *value(struct pg *db, const char *sql)
{
    static char out[8][64];
    static int next;
    char *one = out[next++ % 8];
    scoped_rows *rows = NULL;
    bool done = !pg_call(db, &(struct pg_statement){NULL, sql}, 0, NULL, &rows);
    const char *text = done && rows_count(rows) ? rows_text(rows, 0, 0) : NULL;
    snprintf(one, sizeof(out[0]), "%s", text ? text : "");
    return one;
}

static bool comes_true(struct pg *db, const char *sql)
{
    for (int n = 0; n < 200; n++) {
        if (text_equal(value(db, sql), "t"))
            return true;
        usleep(50000);
    }
    return false;
}

static void happens(struct worker *w, const char *stream, const char *type, int schema,
                    const char *data)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(
        w->log,
        arena_printf(
            &a,
            "WITH c AS (UPDATE es_counter SET position = position + 1 RETURNING position), s AS "
            "(INSERT INTO es_stream (stream, version, position) SELECT '%s', 1, position FROM c "
            "ON CONFLICT (stream) DO UPDATE SET version = es_stream.version + 1, "
            "position = excluded.position RETURNING version, position) "
            "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, "
            "data, meta) SELECT position, '%s', version, 'patrol', gen_random_uuid(), '%s', %d, "
            "$${%s}$$, '{}' FROM s",
            stream, stream, type, schema, data)));
}

static void unit(struct worker *w, const char *id)
{
    scoped_arena a = {0};
    const char *stream = arena_printf(&a, "patrol-%s", id);
    happens(w, stream, "patrol.registered", 1,
            arena_printf(&a,
                         "\"patrol_id\":\"%s\",\"call_sign\":\"x\",\"agency\":\"A\",\"skills\":[],"
                         "\"registered_at\":\"" THEN "\"",
                         id));
    happens(w, stream, "patrol.status.updated", 1,
            arena_printf(&a,
                         "\"patrol_id\":\"%s\",\"agency\":\"A\",\"old_status\":\"off_duty\","
                         "\"new_status\":\"available\",\"exclusive\":false,\"changed_at\":\"" THEN
                         "\"",
                         id));
}

/* ---- a worker ---- */

/* The one view of the product's files that is asked. */
static const struct embedded *due_file(void)
{
    static struct embedded files[2];
    for (const struct embedded *f = view_files; f->name; f++)
        if (text_equal(f->name, "dispatch_due.sql"))
            files[0] = *f;
    CHECK(files[0].name != NULL);
    return files;
}

static void begin(struct worker *w, int offer_seconds)
{
    scoped_arena a = {0};
    CHECK(sodium_init() >= 0);
    settings_defaults(&w->settings);
    w->settings.database_url = test_store_database();
    w->settings.read_database_url = test_views_database();
    w->settings.redis_port = 1; /* nobody is there: the store is polled */
    w->settings.database_timeout_ms = 3000;
    w->log = pg_new(w->settings.database_url, "test", NULL, 5000);
    w->views = pg_new(w->settings.read_database_url, "test", NULL, 5000);
    happens(w, "patrol-default", "patrol.rules.defined", 1,
            arena_printf(&a,
                         "\"transitions\":\"off\",\"offer_seconds\":%d,\"defined_at\":\"" THEN "\"",
                         offer_seconds));
    happens(w, "report-" REPORT, "report.created", 2,
            "\"report_id\":\"" REPORT "\",\"visibility\":\"PUBLIC\",\"content\":\"x\","
            "\"category\":\"x\",\"owner_agency\":\"A\",\"status\":\"RECEIVED\","
            "\"created_at\":\"" THEN "\",\"kind\":\"crime\"");
    unit(w, UNIT);
    unit(w, OTHER);
    CHECK_OK(keepers_new(&w->settings, "test", due_file(), view_folds,
                         (const char *const[]){"main", CLOCKS_HOME}, 2, &w->keepers));
    CHECK(keepers_start(w->keepers));
    w->writer = writer_new(&w->settings, NULL, NULL);
    w->firing = firing_new(&w->settings, w->writer);
}

static void end(struct worker *w)
{
    firing_free(w->firing);
    writer_free(w->writer);
    keepers_stop(w->keepers);
    keepers_free(w->keepers);
    pg_free(w->log);
    pg_free(w->views);
}

/* ---- a dispatcher ---- */

struct asked {
    struct pending pending; /* first */
    struct arena arena;
    struct queue *done;
};

static void settled(struct pending *p)
{
    CHECK_OK(queue_put(((struct asked *)(void *)p)->done, &p->job));
}

/* The problem of the command, given by an admin. */
static const struct problem *ask(struct worker *w, int type, const char *target, const char *body)
{
    static int keys;
    struct asked asked = {.done = queue_new(1)};
    struct pending *p = &asked.pending;
    struct job *back;
    p->arena = &asked.arena;
    p->settled = settled;
    p->success = 200;
    p->correlation_id = "test";
    snprintf(p->key, sizeof(p->key), "key %d", keys++);
    p->command.type = type;
    p->command.actor = (struct actor){.user_id = OTHER, .agency = "", .role = ADMIN};
    p->command.target = p->command.new_id = target;
    p->command.now = time_now();
    CHECK_OK(shape_read(command_shape(type), body, strlen(body), p->arena, p->command.body, NULL));
    CHECK_OK(writer_put(w->writer, p));
    CHECK_INT(queue_take(asked.done, &back, 1, 10000), 1);
    const struct problem *problem = p->problem;
    pending_release(p);
    arena_release(&asked.arena);
    queue_free(asked.done);
    return problem;
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
    second.writer = writer_new(&w.settings, NULL, NULL);
    second.firing = firing_new(&w.settings, second.writer);
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
    firing_free(second.firing);
    writer_free(second.writer);
    end(&w);
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
    end(&w);
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
    end(&w);
}

TEST(a_reservation_whose_patrol_is_not_free_then_is_declined)
{
    struct worker w = {.log = NULL};
    begin(&w, 60);
    reserve(&w);
    CHECK_OK(ask(&w, SetPatrolStatus, UNIT, "{\"status\":\"busy\"}"));
    CHECK(comes_true(w.log, IS_NOW("DECLINED")));
    CHECK(comes_true(w.views, "SELECT count(*) = 0 FROM dispatch_due.dispatch_due"));
    end(&w);
}
