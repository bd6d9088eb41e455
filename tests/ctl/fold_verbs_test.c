/* fold_verbs_test.c -- a view that a function keeps is verified, unparked and rebuilt like one of a
 * file. */
#include "tests/ctl/small_city.h"

TEST(a_view_of_a_function_is_verified)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "verify views"), 0);
    CHECK(said("views count_of_stream: 9 rows compared, up to event 11."));
    change(c.views, "UPDATE count_of_stream.count_of_stream SET events = events + 1 "
                    "WHERE stream = '" FIFTH "'");
    CHECK_INT(ctl(&c, "verify count_of_stream"), 1);
    CHECK(said("{\"stream\": \"" FIFTH "\"}: differs from the fold in events"));
    CHECK(said("1 differences."));
    CHECK_INT(number(c.views, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'verify%'"), 0);
    city_leave(&c);
}

TEST(parked_events_of_a_view_of_a_function_are_left_out_and_retried)
{
    struct small_city c = city_found();
    project_all(&c);
    change(c.views, "ALTER TABLE count_of_stream.count_of_stream ADD CONSTRAINT poison CHECK "
                    "(stream <> '" FIFTH "')");
    for (int n = 1; n <= 6; n++)
        file_report(&c, n);
    move_report(&c, 5, 1, "RECEIVED", "IN_PROGRESS");
    project_all(&c);
    CHECK_INT(number(c.views, "SELECT count(*) FROM engine.parked"), 2);
    CHECK_INT(ctl(&c, "verify count_of_stream"), 0);
    CHECK(said("5 rows compared"));
    CHECK_INT(ctl(&c, "parked retry count_of_stream " FIFTH), 1);
    CHECK(said("2 events of " FIFTH " are still parked"));
    change(c.views, "ALTER TABLE count_of_stream.count_of_stream DROP CONSTRAINT poison");
    CHECK_INT(ctl(&c, "parked retry count_of_stream " FIFTH), 0);
    CHECK_INT(number(c.views, "SELECT count(*) FROM engine.parked"), 0);
    CHECK_INT(ctl(&c, "verify count_of_stream"), 0);
    CHECK(said("6 rows compared"));
    city_leave(&c);
}

TEST(a_view_of_a_function_is_rebuilt)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "rebuild count_of_stream --yes"), 0);
    CHECK_INT(number(c.views, "SELECT count(*) FROM pg_namespace WHERE nspname ~ "
                              "'^count_of_stream'"),
              2);
    CHECK_INT(ctl(&c, "verify count_of_stream"), 0);
    CHECK_INT(ctl(&c, "--completion"), 0);
    CHECK(said(" count_of_stream "));
    city_leave(&c);
}
