/* tail.c -- citywatchctl tail: the log as it is and as it grows, read from the store. */
#include <signal.h>
#include <unistd.h>

#include "base/time.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/moments.h"
#include "ctl/options.h"
#include "events/decision.h"
#include "ctl/table.h"
#include "events/event.h"
#include "base/banned.h"

enum { PAGE = 500, WINDOW = 5000, POLL_MS = 200 };

struct tail {
    struct city city;
    const char *types, *subjects, *categories; /* lists with commas; NULL: all */
    const char *from, *to_text, *since, *last;
    bool json, no_follow;
    char store_id[37];
    int64_t epoch;
    int64_t at, to; /* position done, last one wanted */
};

static const struct pg_statement NEXT = {
    "ctl_tail",
    "SELECT position, version, stream, category, event_id, type, schema, data, "
    "coalesce(meta->>'correlation_id', ''), coalesce(meta->>'causation_id', ''), "
    "coalesce(meta->>'traceparent', ''), (extract(epoch FROM recorded) * 1000000)::bigint "
    "FROM es_event WHERE position > $1::bigint AND position <= $2::bigint "
    "AND ($3::text IS NULL OR type = ANY (string_to_array($3, ','))) "
    "AND ($4::text IS NULL OR stream = ANY (string_to_array($4, ','))) "
    "AND ($5::text IS NULL OR category = ANY (string_to_array($5, ','))) "
    "ORDER BY position LIMIT $6::bigint"};

/* Of one window, the last $6 of them that the filters take, the first of these first. */
static const struct pg_statement LAST = {
    "ctl_tail_last", "SELECT min(position), count(*) FROM (SELECT position FROM es_event "
                     "WHERE position > $1::bigint AND position <= $2::bigint "
                     "AND ($3::text IS NULL OR type = ANY (string_to_array($3, ','))) "
                     "AND ($4::text IS NULL OR stream = ANY (string_to_array($4, ','))) "
                     "AND ($5::text IS NULL OR category = ANY (string_to_array($5, ','))) "
                     "ORDER BY position DESC LIMIT $6::bigint) e"};

enum { POSITION, VERSION, STREAM, CATEGORY, ID, TYPE, SCHEMA, DATA, FIRST_META, RECORDED = 11 };

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* ---- one event ---- */

static void add_text(struct text *out, const char *name, const char *value)
{
    if (!*value) /* an absent attribute has no member */
        return;
    text_printf(out, ",\"%s\":", name);
    text_append_json(out, value);
}

static const char *data_of(const struct rows *r, int i, struct arena *a)
{
    return event_shown(rows_text(r, i, TYPE), (int)rows_int(r, i, SCHEMA), rows_text(r, i, DATA),
                       a);
}

/* CloudEvents 1.0, JSON format. */
static void print_json(const struct tail *t, const struct rows *r, int i)
{
    static const char *const meta[] = {"correlationid", "causationid", "traceparent"};
    char time[TIME_TEXT];
    scoped_text out = {0};
    scoped_arena a = {0};
    text_append(&out, "{\"specversion\":\"1.0\"");
    add_text(&out, "id", rows_text(r, i, ID));
    add_text(&out, "source", arena_printf(&a, "urn:citywatch:%s", t->store_id));
    add_text(&out, "type", rows_text(r, i, TYPE));
    add_text(&out, "subject", rows_text(r, i, STREAM));
    add_text(&out, "time", time_format(rows_int(r, i, RECORDED), time));
    add_text(&out, "datacontenttype", "application/json");
    add_text(&out, "dataschema",
             arena_printf(&a, "/schemas/%s/%s", rows_text(r, i, TYPE), rows_text(r, i, SCHEMA)));
    add_text(&out, "sequence", arena_printf(&a, "%020lld", (long long)rows_int(r, i, POSITION)));
    add_text(&out, "streamversion", rows_text(r, i, VERSION));
    for (int k = 0; k < 3; k++)
        add_text(&out, meta[k], rows_text(r, i, FIRST_META + k));
    add_text(&out, "epoch", arena_printf(&a, "%lld", (long long)t->epoch));
    text_printf(&out, ",\"data\":%s}", data_of(r, i, &a));
    print_visible(stdout, text_value(&out));
}

static void print_line(const struct rows *r, int i)
{
    char time[TIME_TEXT];
    scoped_arena a = {0};
    const char *line =
        arena_printf(&a, "%s  %-27s  %-22s  %s v%s  %s", rows_text(r, i, POSITION),
                     time_format(rows_int(r, i, RECORDED), time), rows_text(r, i, TYPE),
                     rows_text(r, i, STREAM), rows_text(r, i, VERSION), data_of(r, i, &a));
    print_visible(stdout, line);
}

/* ---- pages ---- */

/* One window of positions: a filter that nothing fits never makes a long statement. */
static fallible print_window(struct tail *t, int64_t end)
{
    for (int count = PAGE; count == PAGE && !interrupted;) {
        scoped_arena a = {0};
        scoped_rows *rows = NULL;
        const char *values[] = {arena_printf(&a, "%lld", (long long)t->at),
                                arena_printf(&a, "%lld", (long long)end),
                                t->types,
                                t->subjects,
                                t->categories,
                                arena_printf(&a, "%d", PAGE)};
        TRY(pg_call(t->city.log, &NEXT, 6, values, &rows));
        count = rows_count(rows);
        for (int i = 0; i < count; i++) {
            if (t->json)
                print_json(t, rows, i);
            else
                print_line(rows, i);
        }
        t->at = count == PAGE ? rows_int(rows, count - 1, POSITION) : end;
    }
    return NULL;
}

static fallible follow(struct tail *t)
{
    while (!interrupted && t->at < t->to) {
        struct log_head head;
        TRY(city_head(&t->city, &head));
        if (t->epoch && t->epoch != head.epoch)
            return EPOCH_RAISED; /* positions come again: what is to follow is another log */
        t->epoch = head.epoch;
        if (t->no_follow && head.position < t->to)
            t->to = head.position;
        int64_t end = head.position < t->to ? head.position : t->to;
        while (t->at < end && !interrupted)
            TRY(print_window(t, end - t->at > WINDOW ? t->at + WINDOW : end));
        if (fflush(stdout) || (t->at < t->to && !is_read(POLL_MS)))
            return NULL;
    }
    return NULL;
}

/* ---- where to begin ---- */

/* Before the last `count` events that fit, window by window from the end on. */
static fallible position_of_last(struct tail *t, int64_t count, int64_t head)
{
    t->at = head;
    while (count > 0 && head > 0 && !interrupted) {
        scoped_arena a = {0};
        scoped_rows *rows = NULL;
        int64_t low = head > WINDOW ? head - WINDOW : 0;
        const char *values[] = {arena_printf(&a, "%lld", (long long)low),
                                arena_printf(&a, "%lld", (long long)head),
                                t->types,
                                t->subjects,
                                t->categories,
                                arena_printf(&a, "%lld", (long long)count)};
        TRY(pg_call(t->city.log, &LAST, 6, values, &rows));
        if (rows_int(rows, 0, 1))
            t->at = rows_int(rows, 0, 0) - 1;
        count -= rows_int(rows, 0, 1);
        head = low;
    }
    return NULL;
}

struct start {
    int64_t from, last; /* one of them or the moment, or none: the head */
    int64_t moment;
    bool has_moment;
};

static fallible begin_tail(struct tail *t, const struct start *s)
{
    struct log_head head;
    TRY(city_head(&t->city, &head));
    TRY(store_id(t->city.store, t->store_id));
    t->at = s->from > 0 ? s->from - 1 : head.position;
    if (s->last) /* counted back from --to, if that has passed */
        return position_of_last(t, s->last, head.position < t->to ? head.position : t->to);
    return s->has_moment ? position_before(&t->city, s->moment, head.position, &t->at) : NULL;
}

static int run(struct tail *t, const struct start *s)
{
    int code = city_open(&t->city, NEEDS_STORE);
    if (code == DONE) {
        const struct problem *p = begin_tail(t, s);
        if (!p)
            p = follow(t);
        code = p ? failed_by(p, "tail") : DONE;
    }
    city_close(&t->city);
    return code;
}

/* ---- what was asked for ---- */

static bool is_event_type(const char *name)
{
    int type;
    return event_type_from(name, &type);
}

static bool is_category(const char *name)
{
    return is_stream_category(name);
}

static bool is_subject(const char *name)
{
    return is_stream(name);
}

/* Each name of a list with commas; DONE or USAGE. */
static int check_names(const char *list, const char *what, bool (*is_known)(const char *name))
{
    scoped_arena a = {0};
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += at != list; /* the comma */
        const char *name = arena_bytes(&a, at, strcspn(at, ","));
        if (!is_known(name))
            return wrong_usage("there is no %s \"%s\".", what, name);
    }
    return DONE;
}

static bool is_number(const char *text, int64_t *out)
{
    return !text || (text_to_int(text, out) && *out >= 1);
}

static int check(struct tail *t, struct start *s)
{
    if (!!t->from + !!t->since + !!t->last > 1)
        return wrong_usage("--from, --since and --last exclude each other.");
    if (!is_number(t->from, &s->from) || !is_number(t->to_text, &t->to))
        return wrong_usage("a position is a number from 1 on.");
    if (!is_number(t->last, &s->last))
        return wrong_usage("--last takes a number of events from 1 on.");
    s->has_moment = t->since != NULL;
    if (t->since && !moment_read(t->since, &s->moment))
        return wrong_usage(
            "--since takes 90s, 10m, 2h, 7d or a time such as 2026-01-02T03:04:05Z.");
    int code = check_names(t->types, "type of events", is_event_type);
    code = code ? code : check_names(t->categories, "category of streams", is_category);
    return code ? code : check_names(t->subjects, "kind of stream for", is_subject);
}

int verb_tail(int argc, char **argv)
{
    struct tail t = {.to = INT64_MAX};
    struct start s = {0};
    const struct option table[] = {
        {"--type", &t.types, NULL},          {"--subject", &t.subjects, NULL},
        {"--category", &t.categories, NULL}, {"--from", &t.from, NULL},
        {"--since", &t.since, NULL},         {"--last", &t.last, NULL},
        {"--to", &t.to_text, NULL},          {"--no-follow", NULL, &t.no_follow},
        {"--json", NULL, &t.json},           {NULL, NULL, NULL}};
    if (!options_read(argc, argv, table, NULL, 0))
        return usage();
    int code = check(&t, &s);
    if (code)
        return code;
    struct sigaction stop = {.sa_handler = interrupt};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    return run(&t, &s);
}
