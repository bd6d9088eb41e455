/* parked.c -- see parked.h. */
#include "view_engine/parked.h"

#include "base/banned.h"

static const struct pg_statement PARKED_STREAMS = {
    "parked_streams", "SELECT stream, count(*), (extract(epoch FROM min(since)) * 1000000)::bigint "
                      "FROM engine.parked WHERE view = $1::text GROUP BY stream"};

void parked_clear(struct parked *p)
{
    names_clear(&p->streams);
    *p = (struct parked){0};
}

fallible parked_load(struct parked *p, struct pg *db, const char *view)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(db, &PARKED_STREAMS, 1, &view, &rows));
    parked_clear(p);
    for (int i = 0; i < rows_count(rows); i++) {
        int64_t since = rows_int(rows, i, 2);
        names_add(&p->streams, rows_text(rows, i, 0));
        p->events += rows_int(rows, i, 1);
        p->oldest = p->oldest && p->oldest < since ? p->oldest : since;
    }
    return NULL;
}

void parking_release(struct parking *p)
{
    text_release(&p->stream);
    text_release(&p->position);
    text_release(&p->version);
    text_release(&p->type);
    text_release(&p->error);
    text_release(&p->attempts);
}

void parking_add(struct parking *p, const struct batch_event *e, const char *error)
{
    pg_array_text(&p->stream, e->stream);
    pg_array_int(&p->position, e->position);
    pg_array_int(&p->version, e->version);
    pg_array_text(&p->type, e->type);
    pg_array_text(&p->error, error ? error : "follows a parked event");
    pg_array_int(&p->attempts, error ? 1 : 0);
    p->count++;
}

static const struct pg_statement PARK = {
    "park",
    "INSERT INTO engine.parked AS p (view, stream, position, version, type, error, attempts) "
    "SELECT $1::text, b.* FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], "
    "$6::text[], "
    "$7::int[]) AS b(stream, position, version, type, error, attempts) "
    "ON CONFLICT (view, stream, position) DO UPDATE "
    "SET attempts = p.attempts + excluded.attempts, error = excluded.error"};

fallible parking_store(struct parking *p, struct pg *db, const char *view)
{
    if (!p->count)
        return NULL;
    const char *values[] = {view,
                            pg_array_end(&p->stream),
                            pg_array_end(&p->position),
                            pg_array_end(&p->version),
                            pg_array_end(&p->type),
                            pg_array_end(&p->error),
                            pg_array_end(&p->attempts)};
    return pg_call(db, &PARK, 7, values, NULL);
}
