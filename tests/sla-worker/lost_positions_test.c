/* lost_positions_test.c -- which patrols are told as lost and found, with the views, the firing
 * thread and the writer of a worker on real databases. */
#include "tests/sla-worker/worker.h"
#include "tests/support/units.h"

#define ON_DUTY  "00000000-0000-7000-8000-0000000000b1"
#define OFF_DUTY "00000000-0000-7000-8000-0000000000b2"
#define FRESH    "00000000-0000-7000-8000-0000000000b3"
#define BEGINS   "00000000-0000-7000-8000-0000000000b4"

static void moves_to(struct worker *w, const char *id, const char *status, int64_t at)
{
    scoped_arena a = {0};
    char moment[TIME_TEXT];
    happens(w->log, arena_printf(&a, "patrol-%s", id), "patrol.status.updated", 1,
            arena_printf(&a,
                         "\"patrol_id\":\"%s\",\"agency\":\"A\",\"old_status\":\"available\","
                         "\"new_status\":\"%s\",\"exclusive\":false,\"changed_at\":\"%s\"",
                         id, status, time_format(at, moment)));
}

static void begin(struct worker *w)
{
    worker_open(w);
    add_city(w->log, 60); /* its units have no position */
    for (const char *const *id = (const char *const[]){ON_DUTY, OFF_DUTY, FRESH, BEGINS, NULL}; *id;
         id++)
        add_unit(w->log, *id);
    moves_to(w, OFF_DUTY, "off_duty", time_now() - 900 * INT64_C(1000000));
    moves_to(w, BEGINS, "busy", time_now());
    add_position(w->views, ON_DUTY, 0, 301);
    add_position(w->views, OFF_DUTY, 0, 301);
    add_position(w->views, FRESH, 0, 60);
    add_position(w->views, BEGINS, 0, 301);
    worker_begin(w, (const char *const[]){"patrol_list", NULL});
}

/* "<stream> <type>" of all that was told, in its order. */
static const char *told(struct worker *w)
{
    return value(w->log, "SELECT string_agg(right(stream, 2) || ' ' || split_part(type, '.', 3), "
                         "', ' ORDER BY position) FROM es_event WHERE type LIKE "
                         "'patrol.position.%'");
}

#define LOST_NOW "SELECT lost_at IS NOT NULL FROM patrol_list.patrol_list WHERE patrol_id = '"

TEST(a_patrol_on_duty_without_fixes_is_told_as_lost_once_and_then_as_found)
{
    struct worker w = {.log = NULL};
    begin(&w);
    CHECK(comes_true(w.views, LOST_NOW ON_DUTY "'"));
    usleep(2500000); /* some looks more */
    CHECK_TEXT(told(&w), "b1 lost");
    CHECK_OK(pg_run(w.views, "UPDATE positions.unit_position SET at = now() WHERE unit = "
                             "'" ON_DUTY "'"));
    CHECK(comes_true(w.log, "SELECT count(*) = 1 FROM es_event WHERE type = "
                            "'patrol.position.found'"));
    usleep(2500000);
    CHECK_TEXT(told(&w), "b1 lost, b1 found");
    worker_end(&w);
}

TEST(a_second_worker_tells_nothing_twice_and_goes_on_after_the_first)
{
    struct worker w = {.log = NULL}, second;
    begin(&w);
    second = w;
    worker_fire(&second);
    CHECK(comes_true(w.views, LOST_NOW ON_DUTY "'"));
    worker_cease(&w);
    CHECK_OK(pg_run(w.views, "UPDATE positions.unit_position SET at = now() - interval '301 s' "
                             "WHERE unit = '" FRESH "'"));
    CHECK(comes_true(w.views, LOST_NOW FRESH "'"));
    usleep(1500000);
    CHECK_TEXT(told(&w), "b1 lost, b3 lost");
    w.writer = second.writer;
    w.firing = second.firing;
    worker_end(&w);
}
