/* units.h -- a report and patrols in a store, written as events, and commands of an admin to a
 * writer: for tests of what sends patrols. */
#pragma once

#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <unistd.h>

#include "events/command.h"
#include "platform/postgres/postgres.h"
#include "writer/writer.h"

#define REPORT "00000000-0000-7000-8000-000000000001"
#define UNIT   "00000000-0000-7000-8000-0000000000a1"
#define SECOND "00000000-0000-7000-8000-0000000000a2"
#define SENT   "00000000-0000-7000-8000-0000000000d1"
#define THEN   "2026-01-02T03:04:05.000000Z"

/* First value as text, "" for none or a refusal; of the last 8 calls. */
static inline const char *value(struct pg *db, const char *sql)
{
    static char out[8][512];
    static int next;
    char *one = out[next++ % 8];
    scoped_rows *rows = NULL;
    bool done = !pg_call(db, &(struct pg_statement){NULL, sql}, 0, NULL, &rows);
    const char *text = done && rows_count(rows) ? rows_text(rows, 0, 0) : NULL;
    snprintf(one, sizeof(out[0]), "%s", text ? text : "");
    return one;
}

static inline bool comes_true(struct pg *db, const char *sql)
{
    for (int n = 0; n < 200; n++) {
        if (text_equal(value(db, sql), "t"))
            return true;
        usleep(50000);
    }
    return false;
}

/* An event in the store; `data` without its braces. */
static inline void happens(struct pg *log, const char *stream, const char *type, int schema,
                           const char *data)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(
        log,
        arena_printf(
            &a,
            "WITH c AS (UPDATE es_counter SET position = position + 1 RETURNING position), s AS "
            "(INSERT INTO es_stream (stream, version, position) SELECT '%s', 1, position FROM c "
            "ON CONFLICT (stream) DO UPDATE SET version = es_stream.version + 1, "
            "position = excluded.position RETURNING version, position) "
            "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, "
            "data, meta) SELECT position, '%s', version, split_part('%s', '-', 1), "
            "gen_random_uuid(), '%s', %d, $${%s}$$, '{}' FROM s",
            stream, stream, stream, type, schema, data)));
}

/* Of agency A, and available. */
static inline void add_unit(struct pg *log, const char *id)
{
    scoped_arena a = {0};
    const char *stream = arena_printf(&a, "patrol-%s", id);
    happens(log, stream, "patrol.registered", 1,
            arena_printf(&a,
                         "\"patrol_id\":\"%s\",\"call_sign\":\"x\",\"agency\":\"A\",\"skills\":[],"
                         "\"registered_at\":\"" THEN "\"",
                         id));
    happens(log, stream, "patrol.status.updated", 1,
            arena_printf(&a,
                         "\"patrol_id\":\"%s\",\"agency\":\"A\",\"old_status\":\"off_duty\","
                         "\"new_status\":\"available\",\"exclusive\":false,\"changed_at\":\"" THEN
                         "\"",
                         id));
}

/* The rules, the report at -6.9, 107.6, two units. */
static inline void add_city(struct pg *log, int offer_seconds)
{
    scoped_arena a = {0};
    happens(log, "patrol-default", "patrol.rules.defined", 1,
            arena_printf(&a,
                         "\"transitions\":\"off\",\"offer_seconds\":%d,\"defined_at\":\"" THEN "\"",
                         offer_seconds));
    happens(log, "report-" REPORT, "report.created", 2,
            "\"report_id\":\"" REPORT "\",\"visibility\":\"PUBLIC\",\"content\":\"x\","
            "\"category\":\"x\",\"owner_agency\":\"A\",\"status\":\"RECEIVED\",\"location\":"
            "{\"latitude\":-6.9,\"longitude\":107.6},\"created_at\":\"" THEN
            "\",\"kind\":\"crime\"");
    add_unit(log, UNIT);
    add_unit(log, SECOND);
}

/* Its last fix, as the projector would leave it: metres north of the report, so many seconds old.
 */
static inline void add_position(struct pg *views, const char *unit, int metres, int age)
{
    scoped_arena a = {0};
    CHECK_OK(pg_run(
        views,
        arena_printf(&a,
                     "INSERT INTO positions.unit_position (unit, fix, at, place, latitude, "
                     "longitude, received_at) SELECT '%s', '', now() - interval '%d s', "
                     "postgis.ST_SetSRID(postgis.ST_MakePoint(107.6, l), 4326), l, 107.6, now() "
                     "FROM (SELECT -6.9 + %d / 110600.0 AS l) p",
                     unit, age, metres)));
}

/* ---- commands ---- */

struct asked {
    struct pending pending; /* first */
    struct arena arena;
    struct queue *done;
    int settled;
};

static inline void asked_settled(struct pending *p)
{
    struct asked *a = (struct asked *)(void *)p;
    a->settled++;
    CHECK_OK(queue_put(a->done, &p->job));
}

/* By an admin; the problem of it. `put` is writer_put or what comes before it. */
static inline const struct problem *ask_by(const struct problem *(*put)(void *to,
                                                                        struct pending *p),
                                           void *to, int type, const char *target, const char *body)
{
    static int keys;
    struct asked asked = {.done = queue_new(2)};
    struct pending *p = &asked.pending;
    struct job *back;
    p->arena = &asked.arena;
    p->settled = asked_settled;
    p->success = 200;
    p->correlation_id = "test";
    snprintf(p->key, sizeof(p->key), "key %d", keys++);
    p->command.type = type;
    p->command.actor = (struct actor){.user_id = SECOND, .agency = "", .role = ADMIN};
    p->command.target = p->command.new_id = target;
    p->command.now = time_now();
    CHECK_OK(shape_read(command_shape(type), body, strlen(body), p->arena, p->command.body, NULL));
    const struct problem *problem = put(to, p);
    if (!problem) {
        CHECK_INT(queue_take(asked.done, &back, 1, 10000), 1);
        problem = p->problem;
        CHECK_INT(asked.settled, 1);
    }
    pending_release(p);
    arena_release(&asked.arena);
    queue_free(asked.done);
    return problem;
}
