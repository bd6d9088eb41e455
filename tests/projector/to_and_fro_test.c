/* to_and_fro_test.c -- a report that is handed to and fro: each agency that had it stands in the
 * views once, however the log is cut. */
#include "tests/projector/bench.h"
#include "tests/support/history.h"

#include "view_engine/engine_parts.h"

#define REPORT "019b7f00-0000-7000-8000-000000000001"
enum { HANDOVERS = 7 };

static struct batch_event handed_over(struct arena *a, int i)
{
    const char *from = i % 2 ? "AGENCY_B" : "AGENCY_A", *to = i % 2 ? "AGENCY_A" : "AGENCY_B";
    struct batch_event e = {.position = i + 2,
                            .version = i + 2,
                            .recorded = 1700000000000000 + i,
                            .stream = "report-" REPORT,
                            .type = "report.forwarded"};
    e.data = arena_printf(a,
                          "{\"report_id\":\"" REPORT "\",\"old_owner_agency\":\"%s\","
                          "\"owner_agency\":\"%s\"}",
                          from, to);
    batch_read_members(&e, a);
    return e;
}

static void check(const char *file, const char *table, int size)
{
    struct arena a = {0};
    struct pg *db = pg_new(test_views_database(), "test", NULL, 5000);
    const struct embedded *f = one_home();
    struct projected p = {0};
    struct batch_event events[HANDOVERS];
    scoped_text sql = {0};
    while (!text_equal(f->name, file))
        f++;
    run_sql(db, "BEGIN");
    CHECK_OK(view_parse(f, &event_language, &a, &p.view));
    CHECK_OK(view_create(&p.view, db));
    CHECK_OK(view_complete(&p.view, db, &a));
    text_printf(
        &sql,
        "INSERT INTO %s (report_id, position, owner_agency, former_agencies) VALUES ('" REPORT
        "', 1, 'AGENCY_A', '{}')",
        table);
    run_sql(db, text_value(&sql));
    for (int i = 0; i < HANDOVERS; i++)
        events[i] = handed_over(&a, i);
    for (int i = 0; i < HANDOVERS; i += size)
        CHECK_OK(view_apply(&p, db, events + i, size > HANDOVERS - i ? HANDOVERS - i : size, true));
    scoped_text asked = {0};
    text_printf(&asked,
                "SELECT count(*) FROM %s WHERE owner_agency = 'AGENCY_B' AND "
                "former_agencies = '{AGENCY_A,AGENCY_B}'",
                table);
    CHECK_INT(ask_int(db, text_value(&asked)), 1);
    run_sql(db, "ROLLBACK");
    pg_free(db);
    arena_release(&a);
}

TEST(a_report_that_goes_to_and_fro_has_each_former_agency_once)
{
    for (int size = 1; size <= HANDOVERS; size += 3) {
        check("report_detail.sql", "report_detail.report_detail", size);
        check("case_inbox.sql", "case_inbox.case_inbox", size);
    }
}
