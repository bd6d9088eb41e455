/* firing_thread_test.c -- the thread that fires, with the view and the writer of a worker on real
 * databases: what nothing can be done for does not hold up the others, and is not asked for without
 * end. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <sodium.h>
#include <unistd.h>

#include "platform/process/metrics.h"
#include "sla-worker/clock_view.h"
#include "sla-worker/firing.h"
#include "view_engine/keepers.h"

#define GOOD   "00000000-0000-7000-8000-000000000001"
#define POISON "00000000-0000-7000-8000-000000000002"
#define BROKEN "00000000-0000-7000-8000-000000000003"

static const struct embedded no_files[] = {{NULL, NULL}};

struct worker {
    struct settings settings;
    struct pg *log, *views;
    struct keepers *keepers;
    struct writer *writer;
    struct firing *firing;
};

/* -1: the database refuses it, such as before the view is there. */
static int64_t number(struct pg *db, const char *sql)
{
    scoped_rows *rows = NULL;
    bool done = !pg_call(db, &(struct pg_statement){NULL, sql}, 0, NULL, &rows);
    return done && rows_count(rows) ? rows_int(rows, 0, 0) : -1;
}

static void happens(struct worker *w, const char *stream, const char *type, int schema,
                    const char *data)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(
        w->log, arena_printf(
                    &a,
                    "WITH c AS (UPDATE es_counter SET position = position + 1 RETURNING position), "
                    "s AS (INSERT INTO es_stream (stream, version, position) SELECT '%s', 1, "
                    "position FROM c "
                    "ON CONFLICT (stream) DO UPDATE SET version = es_stream.version + 1, "
                    "position = excluded.position RETURNING version, position) "
                    "INSERT INTO es_event (position, stream, version, category, event_id, type, "
                    "schema, data, "
                    "meta) SELECT position, '%s', version, 'report', gen_random_uuid(), '%s', %d, "
                    "$${%s}$$, "
                    "'{}' FROM s",
                    stream, stream, type, schema, data)));
}

static void file(struct worker *w, const char *id)
{
    scoped_arena a = {0};
    happens(w, arena_printf(&a, "report-%s", id), "report.created", 2,
            arena_printf(&a,
                         "\"report_id\":\"%s\",\"visibility\":\"PUBLIC\",\"content\":\"x\","
                         "\"category\":\"x\",\"owner_agency\":\"A\",\"status\":\"RECEIVED\","
                         "\"created_at\":\"2026-01-02T03:04:05.000000Z\",\"kind\":\"issue\"",
                         id));
}

/* Reports have a second to be resolved. */
static void begin(struct worker *w)
{
    CHECK(sodium_init() >= 0);
    settings_defaults(&w->settings);
    w->settings.database_url = test_store_database();
    w->settings.read_database_url = test_views_database();
    w->settings.redis_port = 1; /* nobody is there: the store is polled */
    w->settings.database_timeout_ms = 3000;
    w->log = pg_new(w->settings.database_url, "test", NULL, 5000);
    w->views = pg_new(w->settings.read_database_url, "test", NULL, 5000);
    happens(w, "calendar-always", "calendar.defined", 1,
            "\"calendar_id\":\"always\",\"zone\":\"UTC\",\"hours\":[],\"holidays\":[],"
            "\"zone_changes\":[],\"defined_at\":\"2026-01-02T03:04:05.000000Z\"");
    happens(w, "policy-default", "policy.defined", 1,
            "\"policy_id\":\"default\",\"rank\":0,\"active\":true,\"resolve\":{\"seconds\":1,"
            "\"calendar\":\"always\",\"levels\":[{\"name\":\"due\",\"number\":1,\"office_hours\":"
            "false,\"target\":\"agency\"}]},\"defined_at\":\"2026-01-02T03:04:05.000000Z\"");
    CHECK_OK(keepers_new(&w->settings, "test", no_files, view_folds,
                         (const char *const[]){CLOCKS_HOME}, 1, &w->keepers));
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

static bool comes_true(struct pg *db, const char *sql)
{
    for (int n = 0; n < 200; n++) {
        if (number(db, sql) == 1)
            return true;
        usleep(50000);
    }
    return false;
}

/* Of all kinds; the process' own counters. */
static double refused(const char *problem)
{
    scoped_text all = {0};
    char line[128];
    metrics_write(&all);
    snprintf(line, sizeof(line), "sla_refused_total{problem=\"%s\"} ", problem);
    const char *at = strstr(text_value(&all), line);
    return at ? strtod(at + strlen(line), NULL) : 0;
}

TEST(what_nothing_can_be_done_for_holds_up_nobody_and_is_asked_for_seldom)
{
    struct worker w = {.log = NULL};
    begin(&w);
    file(&w, POISON); /* and then what nobody can read */
    happens(&w, "report-" POISON, "report.unheard_of", 1, "");
    CHECK(comes_true(w.views, "SELECT count(*) FROM sla.report_clocks"));
    CHECK_OK(pg_run(w.views, "INSERT INTO sla.report_clocks SELECT (jsonb_populate_record(r, "
                             "'{\"report_id\":\"" BROKEN
                             "\",\"state\":\"{}\",\"next_at\":\"2020-01-01\"}')).* "
                             "FROM sla.report_clocks r"));
    usleep(1500000);
    file(&w, GOOD);
    CHECK(comes_true(w.log, "SELECT count(*) FROM es_event WHERE type = 'report.escalated' AND "
                            "stream = 'report-" GOOD "'"));
    CHECK(refused("UNREADABLE_EVENT") >= 1);
    CHECK(refused("UNREADABLE_EVENT") <= 4); /* in some 4 s; it had been thousands */
    CHECK_INT(number(w.log, "SELECT count(*) FROM es_event WHERE type = 'report.escalated'"), 1);
    end(&w);
}
