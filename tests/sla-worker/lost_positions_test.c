/* lost_positions_test.c -- which patrols are told as lost and found, with the writer on a real
 * store; rows of the view and of positions are put there by hand. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <sodium.h>
#include <time.h>

#include "platform/postgres/postgres.h"
#include "sla-worker/lost_positions.h"

#define ON_DUTY  "00000000-0000-7000-8000-000000000001"
#define OFF_DUTY "00000000-0000-7000-8000-000000000002"
#define FRESH    "00000000-0000-7000-8000-000000000003"
#define BEGINS   "00000000-0000-7000-8000-000000000004"

static struct settings settings;
static struct pg *log_db, *views;

static int64_t number(struct pg *db, const char *sql)
{
    scoped_rows *rows = NULL;
    CHECK_OK(pg_call(db, &(struct pg_statement){NULL, sql}, 0, NULL, &rows));
    return rows && rows_count(rows) ? rows_int(rows, 0, 0) : -1;
}

/* A patrol in the log, in the view, and with a position. */
static void patrol(const char *id, const char *status, int status_age_s, int fix_age_s)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(
        log_db,
        arena_printf(&a,
                     "WITH c AS (UPDATE es_counter SET position = position + 1 RETURNING position),"
                     " s AS (INSERT INTO es_stream (stream, version, position) SELECT 'patrol-%s', "
                     "1, position FROM c RETURNING position) "
                     "INSERT INTO es_event (position, stream, version, category, event_id, type, "
                     "schema, data, meta) SELECT position, 'patrol-%s', 1, 'patrol', "
                     "gen_random_uuid(), 'patrol.registered', 1, "
                     "'{\"patrol_id\":\"%s\",\"call_sign\":\"A 1\",\"agency\":\"A\",\"skills\":[],"
                     "\"registered_at\":\"2026-01-02T03:04:05.000000Z\"}', '{}' FROM s",
                     id, id, id)));
    CHECK_OK(pg_run(
        views, arena_printf(&a,
                            "INSERT INTO patrol_list.patrol_list (patrol_id, status, status_at) "
                            "VALUES ('%s', '%s', now() - interval '%d seconds'); "
                            "INSERT INTO positions.unit_position (unit, fix, at, place, latitude, "
                            "longitude, received_at) VALUES ('%s', 'x', now() - interval '%d "
                            "seconds', postgis.ST_MakePoint(106.8, -6.2), -6.2, 106.8, now())",
                            id, status, status_age_s, id, fix_age_s)));
}

static void begin(void)
{
    CHECK(sodium_init() >= 0);
    settings_defaults(&settings);
    settings.database_url = test_store_database();
    settings.read_database_url = test_views_database();
    settings.database_timeout_ms = 3000;
    log_db = pg_new(settings.database_url, "test", NULL, 5000);
    views = pg_new(settings.read_database_url, "test", NULL, 5000);
    CHECK_OK(pg_run(views, "CREATE SCHEMA patrol_list; CREATE TABLE patrol_list.patrol_list "
                           "(patrol_id uuid, status text, status_at timestamptz, lost_at "
                           "timestamptz)"));
}

static int64_t told(const char *type)
{
    scoped_arena a = {0};
    return number(log_db,
                  arena_printf(&a, "SELECT count(*) FROM es_event WHERE type = '%s'", type));
}

/* Waits for so many events of the type, and some turns more. */
static void expect(const char *type, int64_t count)
{
    for (int i = 0; i < 100 && told(type) < count; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
    CHECK_INT(told(type), count);
}

TEST(a_patrol_on_duty_without_fixes_is_told_as_lost_once_and_then_as_found)
{
    begin();
    patrol(ON_DUTY, "available", 900, 301);
    patrol(OFF_DUTY, "off_duty", 900, 301);
    patrol(FRESH, "available", 900, 60);
    patrol(BEGINS, "available", 10, 301);
    struct writer *writer = writer_new(&settings, NULL, NULL);
    struct lost_positions *l = lost_positions_new(&settings, writer);
    expect("patrol.position.lost", 1);
    CHECK_INT(number(log_db, "SELECT count(*) FROM es_event WHERE type = 'patrol.position.lost' "
                             "AND stream = 'patrol-" ON_DUTY "'"),
              1);
    CHECK_OK(pg_run(views, "UPDATE patrol_list.patrol_list SET lost_at = now() WHERE patrol_id = "
                           "'" ON_DUTY "'"));
    expect("patrol.position.found", 0);
    CHECK_OK(pg_run(views, "UPDATE positions.unit_position SET at = now() WHERE unit = "
                           "'" ON_DUTY "'"));
    expect("patrol.position.found", 1);
    lost_positions_stop(l);
    writer_stop(writer);
    lost_positions_free(l);
    writer_free(writer);
    pg_free(log_db);
    pg_free(views);
}
