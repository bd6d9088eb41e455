/* firing_thread_test.c -- the thread that fires, with the view and the writer of a worker on real
 * databases: what nothing can be done for does not hold up the others, and is not asked for without
 * end. */
#include "tests/sla-worker/worker.h"
#include "tests/support/units.h"

#include <fcntl.h>

#include "base/log.h"
#include "platform/process/metrics.h"

#define GOOD   "00000000-0000-7000-8000-000000000001"
#define POISON "00000000-0000-7000-8000-000000000002"
#define BROKEN "00000000-0000-7000-8000-000000000003"

/* -1: the database refuses it, such as before the view is there. */
static int64_t number(struct pg *db, const char *sql)
{
    int64_t n = -1;
    return text_to_int(value(db, sql), &n) ? n : -1;
}

static void file(struct worker *w, const char *id)
{
    scoped_arena a = {0};
    happens(w->log, arena_printf(&a, "report-%s", id), "report.created", 2,
            arena_printf(&a,
                         "\"report_id\":\"%s\",\"visibility\":\"PUBLIC\",\"content\":\"x\","
                         "\"category\":\"x\",\"owner_agency\":\"A\",\"status\":\"RECEIVED\","
                         "\"created_at\":\"2026-01-02T03:04:05.000000Z\",\"kind\":\"issue\"",
                         id));
}

/* The policy of all reports: so many seconds to resolve them. */
static void define(struct worker *w, int seconds, const char *more)
{
    scoped_arena a = {0};
    happens(w->log, "policy-default", "policy.defined", 2,
            arena_printf(&a,
                         "\"policy_id\":\"default\",\"rank\":0,\"active\":true,\"resolve\":{"
                         "\"seconds\":%d,\"calendar\":\"always\",\"levels\":[{\"name\":\"due\","
                         "\"number\":1,\"office_hours\":false,\"target\":\"agency\"}]},"
                         "\"defined_at\":\"2026-01-02T03:04:05.000000Z\"%s",
                         seconds, more));
}

/* Reports have a second to be resolved. */
static void begin(struct worker *w)
{
    worker_open(w);
    happens(w->log, "calendar-always", "calendar.defined", 1,
            "\"calendar_id\":\"always\",\"zone\":\"UTC\",\"hours\":[],\"holidays\":[],"
            "\"zone_changes\":[],\"defined_at\":\"2026-01-02T03:04:05.000000Z\"");
    define(w, 1, "");
    worker_begin(w, (const char *const[]){NULL});
}

static double refused(const char *problem)
{
    char series[128];
    snprintf(series, sizeof(series), "sla_refused_total{problem=\"%s\"}", problem);
    return figure(series);
}

TEST(what_nothing_can_be_done_for_holds_up_nobody_and_is_asked_for_seldom)
{
    struct worker w = {.log = NULL};
    begin(&w);
    file(&w, POISON); /* and then what nobody can read */
    happens(w.log, "report-" POISON, "report.unheard_of", 1, "");
    CHECK(comes_true(w.views, "SELECT count(*) = 1 FROM sla.report_clocks"));
    CHECK_OK(pg_run(w.views, "INSERT INTO sla.report_clocks SELECT (jsonb_populate_record(r, "
                             "'{\"report_id\":\"" BROKEN
                             "\",\"state\":\"{}\",\"next_at\":\"2020-01-01\"}')).* "
                             "FROM sla.report_clocks r"));
    usleep(1500000);
    file(&w, GOOD);
    CHECK(comes_true(w.log, "SELECT count(*) = 1 FROM es_event WHERE type = 'report.escalated' AND "
                            "stream = 'report-" GOOD "'"));
    CHECK(refused("UNREADABLE_EVENT") >= 1);
    CHECK(refused("UNREADABLE_EVENT") <= 4); /* in some 4 s; it had been thousands */
    CHECK_INT(number(w.log, "SELECT count(*) FROM es_event WHERE type = 'report.escalated'"), 1);
    worker_end(&w);
}

/* One whose row this program cannot read: it is due, and then something happens to it, too. */
static void break_report(struct worker *w, const char *id)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(w->views, "UPDATE sla.report_clocks SET state = '{}', next_at = '2020-01-01'"));
    happens(w->log, arena_printf(&a, "report-%s", id), "report.commented", 1,
            arena_printf(&a,
                         "\"report_id\":\"%s\",\"comment_id\":\"%s\",\"text\":\"x\","
                         "\"commented_by\":\"agency\",\"owner_agency\":\"A\","
                         "\"visibility\":\"PUBLIC\","
                         "\"commented_at\":\"2026-01-02T03:04:06.000000Z\"",
                         id, id));
}

/* The firing thread says so every five seconds, the view each time it tries again: ten times in the
 * first three seconds, then once a second. */
TEST(an_unreadable_row_is_told_of_now_and_then)
{
    enum { SECONDS = 4, MOST_LINES = 2 + 10 + SECONDS };
    struct worker w = {.log = NULL};
    char path[128];
    snprintf(path, sizeof(path), "%s/log", test_folder());
    begin(&w);
    file(&w, GOOD);
    CHECK(comes_true(w.log, "SELECT count(*) = 1 FROM es_event WHERE type = 'report.escalated'"));
    CHECK(comes_true(w.views, "SELECT count(*) = 1 FROM sla.report_clocks WHERE next_at IS NULL"));
    int saved = dup(STDERR_FILENO), file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    dup2(file, STDERR_FILENO);
    break_report(&w, GOOD);
    sleep(SECONDS);
    dup2(saved, STDERR_FILENO);
    test_shell("n=$(grep -c 'cannot be read' %s); [ $n -ge 2 ] && [ $n -le %d ]", path, MOST_LINES);
    close(file);
    close(saved);
    worker_end(&w);
}

TEST(figures_tell_what_has_fired_and_what_comes_next)
{
    struct worker w = {.log = NULL};
    double before = figure("sla_fired_total{level=\"1\"}");
    begin(&w);
    file(&w, GOOD);
    usleep(2500000); /* they are shown every two seconds */
    CHECK_INT((int)(figure("sla_fired_total{level=\"1\"}") - before), 1);
    CHECK_INT((int64_t)figure("sla_next_due_timestamp_seconds"), 0);
    CHECK_INT((int)figure("sla_open_clocks{kind=\"resolve\"}"), 1);
    happens(w.log, "report-" GOOD, "report.status.updated", 1,
            "\"report_id\":\"" GOOD "\",\"old_status\":\"RECEIVED\",\"new_status\":\"RESOLVED\","
            "\"owner_agency\":\"A\",\"category\":\"x\",\"visibility\":\"PUBLIC\","
            "\"changed_at\":\"2026-01-02T03:04:06.000000Z\"");
    CHECK(comes_true(w.views,
                     "SELECT count(*) = 1 FROM sla.report_clocks WHERE next_at IS NOT NULL"));
    usleep(2500000);
    CHECK_INT((int64_t)figure("sla_next_due_timestamp_seconds"),
              number(w.views, "SELECT floor(extract(epoch FROM next_at))::bigint FROM "
                              "sla.report_clocks"));
    CHECK_INT((int)figure("sla_open_clocks{kind=\"resolve\"}"), 0);
    worker_end(&w);
}

enum { OPEN_REPORTS = 600 };

static int64_t planned(struct worker *w)
{
    return number(w->log, "SELECT count(*) FROM es_event WHERE type = 'sla.planned'");
}

/* Nothing happens to the reports; more of them than a turn takes, and the worker begins anew. */
TEST(what_was_applied_reaches_every_open_clock_once)
{
    struct worker w = {.log = NULL};
    char id[UUID_TEXT];
    begin(&w);
    define(&w, 3600, "");
    for (int i = 0; i < OPEN_REPORTS; i++) {
        snprintf(id, sizeof(id), "00000000-0000-7000-8000-000000%06d", 1000 + i);
        file(&w, id);
    }
    CHECK(comes_true(w.views, "SELECT count(*) >= 600 FROM sla.report_clocks"));
    CHECK_INT(planned(&w), 0);
    define(&w, 7200, ""); /* not applied */
    define(&w, 9000, ",\"apply\":\"open\"");
    for (int n = 0; n < 100 && planned(&w) < 300; n++)
        usleep(20000);
    worker_cease(&w);
    worker_fire(&w);
    CHECK(comes_true(w.views, "SELECT count(*) = 0 FROM sla.report_clocks WHERE plans IS NOT "
                              "NULL AND state NOT LIKE '%\"step\":\"repoliced\"%'"));
    usleep(1500000);
    CHECK_INT(planned(&w), number(w.log, "SELECT count(DISTINCT stream) FROM es_event "
                                         "WHERE type = 'sla.planned'"));
    CHECK(planned(&w) >= OPEN_REPORTS);
    CHECK_INT(number(w.log, "SELECT count(*) FROM es_event WHERE type = 'sla.planned' AND "
                            "(data::json->>'policy_version')::int <> 4"),
              0);
    worker_end(&w);
}
