/* read_ahead_test.c -- who says that they have read a line that is not there yet has not read the
 * one that gets its id later. */
#include "tests/projector/bench.h"

#include "view_engine/engine_parts.h"

#define READER "019b7f00-0000-7000-8000-0000000000f1"
#define OWN_ID "e19b7f00-0000-7000-8000-000000000001-9" /* of a report: no position */

enum { AT = 20 };

static struct batch_event read_of(const char *id, struct arena *a)
{
    return (struct batch_event){.position = AT,
                                .version = 1,
                                .recorded = 1700000000000000,
                                .stream = "inbox-" READER,
                                .type = "notification.read",
                                .data = arena_printf(a,
                                                     "{\"reader_user_id\":\"" READER
                                                     "\",\"notification_id\":\"%s\","
                                                     "\"read_at\":\"2026-01-02T12:00:00.000000Z\"}",
                                                     id)};
}

TEST(what_comes_later_has_not_been_read)
{
    static const struct {
        const char *id;
        int64_t read;
    } rows[] = {{"e1", 1},  {"e19", 1}, {"e20", 0}, {"e21", 0}, {"e9223372036854775807", 0},
                {OWN_ID, 1}};
    scoped_arena a = {0};
    struct projected p = {0};
    struct pg *db = pg_new(test_views_database(), "test", NULL, 5000);
    const struct embedded *f = one_home();
    while (!text_equal(f->name, "notification_list.sql"))
        f++;
    run_sql(db, "BEGIN");
    CHECK_OK(view_parse(f, &event_language, &a, &p.view));
    CHECK_OK(view_create(&p.view, db));
    CHECK_OK(view_complete(&p.view, db, &a));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct batch_event e = read_of(rows[i].id, &a);
        batch_read_members(&e, &a);
        CHECK_OK(view_apply(&p, db, &e, 1, true));
        CHECK_INT(ask_int(db, arena_printf(&a,
                                           "SELECT count(*) FROM "
                                           "notification_list.notification_reads WHERE id = '%s'",
                                           rows[i].id)),
                  rows[i].read);
    }
    run_sql(db, "ROLLBACK");
    pg_free(db);
}
