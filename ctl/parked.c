/* parked.c -- citywatchctl parked list|show|retry|discard: events that a view could not take, and
 * what waits behind them. */
#include "base/log.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "view_engine/engine.h"
#include "base/banned.h"

extern const struct embedded view_files[];

struct parked_request {
    const char *view, *stream, *reason;
    bool yes, json;
};

static const struct pg_statement KNOWN = {NULL, "SELECT home FROM engine.view WHERE name = $1"};

/* Opens the city; DONE if it has the view, which may be an older version that is kept. */
static int open_view(struct city *c, int needs, const char *view)
{
    scoped_rows *rows = NULL;
    int code = city_open(c, needs);
    if (code)
        return code;
    const struct problem *p = pg_call(c->views, &KNOWN, 1, &view, &rows);
    if (p)
        return failed_by(p, "parked");
    return rows_count(rows) ? DONE : wrong_usage("there is no view \"%s\".", view);
}

/* ---- list, show ---- */

static const struct table_column list_columns[] = {
    {"view", false}, {"stream", false},  {"events", true}, {"position", true},
    {"type", false}, {"attempts", true}, {"since", false}, {"error", false}};
static const struct pg_statement LIST = {
    NULL, "SELECT view, stream, count(*), min(position), "
          "(array_agg(type ORDER BY position))[1], (array_agg(attempts ORDER BY position))[1], "
          "engine.rfc3339(min(since)), "
          "(array_agg(error ORDER BY position))[1] "
          "FROM engine.parked GROUP BY view, stream ORDER BY 1, 4"};

static const struct table_column show_columns[] = {
    {"position", true}, {"version", true}, {"type", false},  {"attempts", true},
    {"since", false},   {"state", false},  {"error", false}, {"reason", false}};
static const struct pg_statement SHOW = {
    NULL,
    "SELECT position, version, type, attempts, engine.rfc3339(since), "
    "'parked', error, NULL FROM engine.parked WHERE view = $1 AND stream = $2 UNION ALL "
    "SELECT position, version, type, attempts, engine.rfc3339(since), "
    "'discarded', error, reason FROM engine.discarded WHERE view = $1 AND stream = $2 ORDER BY 1"};

enum { SHOWN = 8 };

static int print_rows(struct city *c, const struct pg_statement *s,
                      const struct table_column *columns, const struct parked_request *w)
{
    scoped_rows *rows = NULL;
    scoped_table t = table_of(columns, SHOWN);
    const char *values[] = {w->view, w->stream};
    const struct problem *p = pg_call(c->views, s, w->view ? 2 : 0, values, &rows);
    if (p)
        return failed_by(p, "parked");
    if (!rows_count(rows) && w->view)
        return failed("%s has nothing parked or discarded in view %s.", w->stream, w->view);
    for (int i = 0; i < rows_count(rows); i++) {
        const char *cells[SHOWN];
        for (int k = 0; k < SHOWN; k++)
            cells[k] = rows_text(rows, i, k);
        table_add(&t, cells);
    }
    table_print(&t, w->json);
    return DONE;
}

static int verb_list(const struct parked_request *w)
{
    scoped_city c = {0};
    int code = city_open(&c, NEEDS_VIEWS);
    return code ? code : print_rows(&c, &LIST, list_columns, w);
}

static int verb_show(const struct parked_request *w)
{
    scoped_city c = {0};
    int code = open_view(&c, NEEDS_VIEWS, w->view);
    return code ? code : print_rows(&c, &SHOW, show_columns, w);
}

/* ---- retry ---- */

/* Another engine than the projector's: the revision of the lane tells that one of the change. */
static fallible retry_in(struct city *c, const struct parked_request *w, int64_t *left)
{
    scoped_rows *rows = NULL;
    struct engine *e;
    TRY(pg_call(c->views, &KNOWN, 1, &w->view, &rows));
    const char *home = rows_count(rows) ? rows_text(rows, 0, 0) : NULL;
    TRY(engine_new(&(struct engine_parts){.files = view_files,
                                          .language = &event_language,
                                          .store = c->store,
                                          .views = c->views,
                                          .redis = c->redis,
                                          .folds = view_folds,
                                          .home = home},
                   &e));
    const struct problem *p = VERSION_CONFLICT;
    for (int n = 0; n < 20 && p == VERSION_CONFLICT;
         n++) /* the projector moves its lane meanwhile */
        p = engine_retry(e, w->view, w->stream, left);
    engine_free(e);
    return p;
}

static int retry(struct city *c, const struct parked_request *w)
{
    int64_t left = 0;
    const struct problem *p = retry_in(c, w, &left);
    if (p)
        return failed_by(p, "parked retry");
    if (left)
        return failed("%lld events of %s are still parked in view %s; parked show says why.",
                      (long long)left, w->stream, w->view);
    print_sentence(stderr, "%s is free in view %s.", w->stream, w->view);
    return DONE;
}

static int verb_retry(const struct parked_request *w)
{
    scoped_city c = {0};
    int code = open_view(&c, NEEDS_STORE | NEEDS_VIEWS | NEEDS_REDIS, w->view);
    if (code)
        return code;
    put_on_record();
    return retry(&c, w);
}

/* ---- discard ---- */

static const struct pg_statement FIRST = {
    NULL, "SELECT position, type, count(*) OVER (), error FROM engine.parked "
          "WHERE view = $1 AND stream = $2 ORDER BY position LIMIT 1"};
/* The revision tells the projector that what it knows of this stream has changed. One statement:
 * the lane is locked by its own update before the row goes. */
static const struct pg_statement DISCARD = {
    NULL, "WITH lane AS (UPDATE engine.lane SET revision = revision + 1 "
          "WHERE name = (SELECT lane FROM engine.view WHERE name = $1) RETURNING name), "
          "gone AS (DELETE FROM engine.parked USING lane WHERE view = $1 AND stream = $2 "
          "AND position = $3::bigint RETURNING parked.*) "
          "INSERT INTO engine.discarded (view, stream, position, version, type, error, attempts, "
          "since, reason) SELECT view, stream, position, version, type, error, attempts, since, $4 "
          "FROM gone CROSS JOIN engine.changed($1)"};

static int discard(struct city *c, const struct parked_request *w, const struct rows *first)
{
    scoped_rows *done = NULL;
    const char *values[] = {w->view, w->stream, rows_text(first, 0, 0), w->reason};
    if (!confirmed(
            w->yes,
            "This leaves event %s (%s) of %s out of view %s for good, and applies what waits "
            "behind it (%lld events). The event stays in the log, its error was: %s",
            rows_text(first, 0, 0), rows_text(first, 0, 1), w->stream, w->view,
            (long long)rows_int(first, 0, 2) - 1, rows_text(first, 0, 3)))
        return FAILED;
    const struct problem *p = pg_call(c->views, &DISCARD, 4, values, &done);
    if (p)
        return failed_by(p, "parked discard");
    if (rows_affected(done) != 1)
        return failed("it is no longer parked; nothing was changed.");
    return retry(c, w);
}

static int verb_discard(const struct parked_request *w)
{
    scoped_city c = {0};
    scoped_rows *first = NULL;
    const char *values[] = {w->view, w->stream};
    int code = open_view(&c, NEEDS_STORE | NEEDS_VIEWS | NEEDS_REDIS, w->view);
    if (code)
        return code;
    const struct problem *p = pg_call(c.views, &FIRST, 2, values, &first);
    if (p)
        return failed_by(p, "parked discard");
    if (!rows_count(first))
        return failed("%s has nothing parked in view %s.", w->stream, w->view);
    return discard(&c, w, first);
}

/* ---- which one ---- */

enum { STREAM = 1, REASON = 2, YES = 4, JSON = 8 };

static const struct {
    const char *word;
    int (*call)(const struct parked_request *w);
    int needs, takes; /* what must be given, and what may be */
} rows[] = {{"list", verb_list, 0, JSON},
            {"show", verb_show, STREAM, JSON},
            {"retry", verb_retry, STREAM, 0},
            {"discard", verb_discard, STREAM | REASON, YES}};

static int run(size_t i, const struct parked_request *w)
{
    int has = (w->view ? STREAM : 0) | (w->reason ? REASON : 0) | (w->yes ? YES : 0) |
              (w->json ? JSON : 0);
    int wrong = has & ~(rows[i].needs | rows[i].takes), missing = rows[i].needs & ~has;
    if (wrong)
        return wrong_usage("parked %s takes no %s.", rows[i].word,
                           wrong & STREAM   ? "view"
                           : wrong & REASON ? "--reason"
                           : wrong & YES    ? "--yes"
                                            : "--json");
    if (missing & STREAM || (w->view && !w->stream))
        return wrong_usage("parked %s of which view and stream?", rows[i].word);
    if (missing & REASON || (w->reason && text_is_blank(w->reason)))
        return wrong_usage("--reason says why the event is left out; it is kept.");
    return rows[i].call(w);
}

int verb_parked(int argc, char **argv)
{
    struct parked_request w = {0};
    const char *words[3] = {NULL};
    const struct option options[] = {{"--reason", &w.reason, NULL},
                                     {"--yes", NULL, &w.yes},
                                     {"--json", NULL, &w.json},
                                     {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, words, 3))
        return usage();
    w.view = words[1];
    w.stream = words[2];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (text_equal(words[0], rows[i].word))
            return run(i, &w);
    return wrong_word(words[0], "list, show, retry or discard");
}
