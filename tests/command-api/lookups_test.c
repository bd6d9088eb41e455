/* lookups_test.c -- what a rule needs of the views is looked up before its command is decided: the
 * nearest patrol, and a read database that is away. */
#include "tests/support/units.h"

#include <sodium.h>

#include "base/embedded.h"
#include "command-api/lookups.h"

#define UNNAMED "{\"report_id\":\"" REPORT "\"}"

extern const struct embedded view_files[];

static struct settings settings;
static struct pg *store, *views;
static struct writer *writer;
static struct lookups *lookups;

/* The tables of a view, in its schema, as the projector would make them. */
static void make_view(const char *name)
{
    static const char begins[] = "-- :tables\n";
    scoped_arena a = {0};
    const struct embedded *f = view_files;
    while (!text_equal(f->name, arena_join(&a, name, ".sql", "")))
        f++;
    const char *tables = strstr(f->text, begins) + sizeof(begins) - 1;
    CHECK_OK(
        pg_run(views, arena_printf(&a,
                                   "CREATE SCHEMA %s; SET search_path = %s; %.*s; RESET "
                                   "search_path",
                                   name, name, (int)(strstr(tables, "\n-- :") - tables), tables)));
}

static void begin(void)
{
    CHECK(sodium_init() >= 0);
    settings_defaults(&settings);
    settings.database_url = test_store_database();
    settings.read_database_url = test_views_database();
    settings.database_timeout_ms = 1000;
    store = pg_new(settings.database_url, "test", NULL, 5000);
    views = pg_new(settings.read_database_url, "test", NULL, 5000);
    add_city(store, 60);
    make_view("patrol_list");
    make_view("dispatch_list");
    make_view("report_detail");
    CHECK_OK(pg_run(views, "INSERT INTO patrol_list.patrol_list (patrol_id, position, agency, "
                           "skills, status) VALUES ('" UNIT "', 1, 'A', '[]', 'available'), "
                           "('" SECOND "', 2, 'A', '[]', 'available'); "
                           "INSERT INTO report_detail.report_detail (report_id, location) VALUES "
                           "('" REPORT "', '{\"latitude\": -6.9, \"longitude\": 107.6}')"));
    writer = writer_new(&settings, NULL, NULL);
    lookups = lookups_new(&settings, writer);
}

static void end(void)
{
    lookups_free(lookups);
    writer_free(writer);
    pg_free(store);
    pg_free(views);
}

static const struct problem *to_lookups(void *to, struct pending *p)
{
    return lookups_put(to, p);
}

static const struct problem *ask(int type, const char *target, const char *body)
{
    return ask_by(to_lookups, lookups, type, target, body);
}

static const char *sent_patrol(void)
{
    return value(store, "SELECT data::json->>'patrol_id' FROM es_event WHERE type = "
                        "'dispatch.created' ORDER BY position DESC LIMIT 1");
}

TEST(without_a_position_near_it_there_is_no_patrol_to_send)
{
    begin();
    CHECK_PROBLEM(ask(CreateDispatch, SENT, UNNAMED), NO_PATROL_FREE);
    add_position(views, UNIT, 60000, 0);
    CHECK_PROBLEM(ask(CreateDispatch, SENT, UNNAMED), NO_PATROL_FREE);
    CHECK_TEXT(sent_patrol(), "");
    end();
}

TEST(the_nearest_is_sent_and_why_is_kept)
{
    begin();
    add_position(views, UNIT, 5000, 0);
    add_position(views, SECOND, 2000, 10);
    CHECK_OK(ask(CreateDispatch, SENT, UNNAMED));
    CHECK_TEXT(sent_patrol(), SECOND);
    /* 2,000 m * 1.3 at 40 km/h */
    CHECK_TEXT(value(store, "SELECT (data::json->'recommended'->>'distance_m')::int BETWEEN 1980 "
                            "AND 2020 AND (data::json->'recommended'->>'estimated_seconds')::int "
                            "BETWEEN 231 AND 237 AND "
                            "(data::json->'recommended'->>'fix_age_seconds')::int BETWEEN 10 AND "
                            "15 FROM es_event WHERE type = 'dispatch.created'"),
               "t");
    end();
}

TEST(of_those_that_take_as_many_minutes_the_one_that_has_rested_longest_is_sent)
{
    begin();
    add_position(views, UNIT, 2000, 0);
    add_position(views, SECOND, 1900, 0);
    CHECK_OK(pg_run(views, "UPDATE patrol_list.patrol_list SET returned_at = now() - CASE "
                           "patrol_id WHEN '" UNIT "' THEN interval '2 h' ELSE interval '1 h' "
                           "END"));
    CHECK_OK(ask(CreateDispatch, SENT, UNNAMED));
    CHECK_TEXT(sent_patrol(), UNIT);
    end();
}

TEST(a_stale_position_does_not_count)
{
    begin();
    add_position(views, UNIT, 100, 70);
    add_position(views, SECOND, 2000, 0);
    CHECK_OK(ask(CreateDispatch, SENT, UNNAMED));
    CHECK_TEXT(sent_patrol(), SECOND);
    end();
}

/* The views still show it as free. */
TEST(a_candidate_that_is_not_free_any_more_is_passed_over)
{
    begin();
    add_position(views, UNIT, 100, 0);
    add_position(views, SECOND, 2000, 0);
    CHECK_OK(ask(SetPatrolStatus, UNIT, "{\"status\":\"busy\"}"));
    CHECK_OK(ask(CreateDispatch, SENT, UNNAMED));
    CHECK_TEXT(sent_patrol(), SECOND);
    CHECK_PROBLEM(ask(CreateDispatch, "00000000-0000-7000-8000-0000000000d2", UNNAMED),
                  NO_PATROL_FREE);
    end();
}

TEST(skills_are_looked_for)
{
    begin();
    add_position(views, UNIT, 100, 0);
    CHECK_PROBLEM(ask(CreateDispatch, SENT, "{\"report_id\":\"" REPORT "\",\"skills\":[\"k9\"]}"),
                  NO_PATROL_FREE);
    end();
}

TEST(with_the_read_database_away_nothing_is_done_but_what_names_its_patrol)
{
    begin();
    add_position(views, UNIT, 100, 0);
    lookups_free(lookups); /* its threads read the settings */
    settings.read_database_url = "postgresql://nobody@/none?host=/nowhere";
    lookups = lookups_new(&settings, writer);
    CHECK_PROBLEM(ask(CreateDispatch, SENT, UNNAMED), LOOKUP_AWAY);
    CHECK_PROBLEM(ask(CreateDispatch, SENT, UNNAMED), LOOKUP_AWAY);
    CHECK_TEXT(sent_patrol(), "");
    CHECK_OK(
        ask(CreateDispatch, SENT, "{\"report_id\":\"" REPORT "\",\"patrol_id\":\"" UNIT "\"}"));
    CHECK_TEXT(sent_patrol(), UNIT);
    end();
}
