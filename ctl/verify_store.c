/* verify_store.c -- the log against itself: positions without a gap, versions without a gap in each
 * stream, and what es_stream and es_counter say of them. */
#include "ctl/verify.h"

#include "base/banned.h"

enum { PAGE = 2000 };

static const struct pg_statement POSITIONS = {
    "verify_positions", "SELECT e.position, e.stream, s.stream IS NULL "
                        "FROM (SELECT position, stream FROM es_event WHERE position > $1::bigint "
                        "      ORDER BY position LIMIT $2::bigint) e "
                        "LEFT JOIN es_stream s ON s.stream = e.stream ORDER BY e.position"};
/* The n-th event of a stream has version n, and the last one is where es_stream says. */
static const struct pg_statement STREAMS = {
    "verify_streams",
    "SELECT s.stream, s.version, s.position, count(e.n), coalesce(max(e.position), 0), "
    "min(e.n) FILTER (WHERE e.version <> e.n) "
    "FROM (SELECT * FROM es_stream WHERE stream > $1 ORDER BY stream LIMIT $2::bigint) s "
    "LEFT JOIN LATERAL (SELECT position, version, row_number() OVER (ORDER BY position) AS n "
    "                   FROM es_event e WHERE e.stream = s.stream) e ON true "
    "GROUP BY s.stream, s.version, s.position ORDER BY s.stream"};
static const struct pg_statement STREAM_COUNT = {NULL, "SELECT count(*) FROM es_stream"};

static void missing(struct findings *f, int64_t first, int64_t last)
{
    if (first == last)
        differs(f, "store", "log", first, "this position is missing");
    else
        differs(f, "store", "log", first, "positions are missing up to %lld", (long long)last);
}

static fallible compare_positions(struct city *c, struct findings *f)
{
    struct log_head head, now;
    int64_t at = 0, events = 0;
    TRY(city_head(c, &head)); /* before the events: those that come meanwhile are beyond it */
    for (int count = PAGE; count == PAGE;) {
        scoped_arena a = {0};
        scoped_rows *rows = NULL;
        const char *values[] = {arena_printf(&a, "%lld", (long long)at),
                                arena_printf(&a, "%d", PAGE)};
        TRY(pg_call(c->log, &POSITIONS, 2, values, &rows));
        count = rows_count(rows);
        for (int i = 0; i < count; i++) {
            int64_t position = rows_int(rows, i, 0);
            if (position != at + 1)
                missing(f, at + 1, position - 1);
            if (text_equal(rows_text(rows, i, 2), "t"))
                differs(f, "store", rows_text(rows, i, 1), position,
                        "es_stream has no such stream");
            at = position;
        }
        events += count;
        TRY(city_head(c, &now));
        progress(f, "store: positions", at, now.position);
    }
    if (at < head.position)
        missing(f, at + 1, head.position);
    TRY(city_head(c, &head));
    if (at > head.position)
        differs(f, "store", "log", at, "es_counter says that the log ends at %lld",
                (long long)head.position);
    compared(f, "store", "log", events, "events", at);
    return NULL;
}

static void compare_stream(const struct rows *r, int i, struct findings *f)
{
    const char *stream = rows_text(r, i, 0), *wrong = rows_text(r, i, 5);
    int64_t version = rows_int(r, i, 1), events = rows_int(r, i, 3);
    if (wrong)
        differs(f, "store", stream, 0, "event %s of this stream has another version", wrong);
    if (events != version)
        differs(f, "store", stream, 0, "es_stream says version %lld, there are %lld events",
                (long long)version, (long long)events);
    if (rows_int(r, i, 2) != rows_int(r, i, 4))
        differs(f, "store", stream, 0, "es_stream says position %lld, its last event has %lld",
                (long long)rows_int(r, i, 2), (long long)rows_int(r, i, 4));
}

static fallible compare_streams(struct city *c, struct findings *f)
{
    scoped_text at = {0};
    scoped_rows *all = NULL;
    int64_t done = 0;
    TRY(pg_call(c->log, &STREAM_COUNT, 0, NULL, &all));
    for (int count = PAGE; count == PAGE;) {
        scoped_rows *rows = NULL;
        char limit[16];
        snprintf(limit, sizeof(limit), "%d", PAGE);
        const char *values[] = {text_value(&at), limit};
        TRY(pg_call(c->log, &STREAMS, 2, values, &rows));
        count = rows_count(rows);
        for (int i = 0; i < count; i++)
            compare_stream(rows, i, f);
        text_clear(&at);
        if (count)
            text_append(&at, rows_text(rows, count - 1, 0));
        progress(f, "store: streams", done += count, rows_int(all, 0, 0));
    }
    compared(f, "store", "es_stream", done, "streams", 0);
    return NULL;
}

fallible verify_store(struct city *c, struct findings *f)
{
    TRY(compare_positions(c, f));
    return compare_streams(c, f);
}
