/* reader.c -- one prepared statement a query, its row made into a finished response. */
#include "query-api/reader.h"

#include "base/time.h"
#include "platform/postgres/pipeline.h"
#include "platform/process/metrics.h"
#include "query-api/query_api.h"
#include "query-api/view_progress.h"
#include "base/banned.h"

/* After a failure a reader lets the database be for a while. */
static const int64_t BACK_OFF_US = 250000;

struct query_reader {
    struct pg *pg;
    int64_t away_until; /* monotonic */
};

static void *reader_begin(void *context)
{
    const struct settings *s = ((struct query_api *)context)->settings;
    struct query_reader *r = must_alloc(1, sizeof(*r));
    r->pg = pg_new(s->read_database_url, "query-api reader", reader_session,
                   (int)s->database_timeout_ms);
    return r;
}

static void reader_end(void *state)
{
    struct query_reader *r = state;
    pg_free(r->pg);
    free(r);
}

static fallible run_statement(struct query_reader *r, const struct query_request *request,
                              struct rows **out)
{
    const struct pg_statement *planner = &request->query->planner;
    const struct pg_statement *s = &query_request_form(request)->statement;
    if (planner->sql)
        return pipeline_call_with(r->pg, planner, s, request->count, request->values, out);
    return pg_call_again(r->pg, s, request->count, request->values, out);
}

static fallible call(struct query_reader *r, const struct query_request *query_request,
                     struct rows **out)
{
    if (time_monotonic() < r->away_until)
        return DATABASE_UNAVAILABLE;
    int64_t begun = time_monotonic();
    const struct problem *p = run_statement(r, query_request, out);
    metric_observe(METRIC_query_seconds, (double)(time_monotonic() - begun) / 1e6);
    if (p == DATABASE_UNAVAILABLE)
        r->away_until = time_monotonic() + BACK_OFF_US;
    return pg_unless_absent(r->pg,
                            p); /* the views may not be there yet, or are rebuilt with a column */
}

/* The JSON object that the file returned, or what is made from it, without its closing brace. */
static fallible begin_body(const struct rows *rows, const struct query *q, struct text *body)
{
    scoped_arena a = {0};
    if (q->made_by)
        TRY(q->made_by->make(rows_text(rows, 0, COLUMN_BODY), &a, body));
    else
        text_append_bytes(body, rows_text(rows, 0, COLUMN_BODY), rows_length(rows, 0, COLUMN_BODY));
    body->length--;
    return NULL;
}

/* Ends it: `parked` if events wait that it would show, `next` if the list pages, and `success`. */
static void end_body(const struct rows *rows, const struct query_request *query_request,
                     struct text *body)
{
    int keys = query_request->query->keys;
    if (text_equal(rows_text(rows, 0, COLUMN_PARKED), "t"))
        text_append(body, ",\"parked\":true");
    if (keys && !rows_text(rows, 0, COLUMN_MORE)) {
        text_append(body, ",\"next\":null");
    } else if (keys) {
        char cursor[CURSOR_TEXT];
        int64_t at[CURSOR_KEYS_MAX];
        for (int i = 0; i < keys; i++)
            at[i] = rows_int(rows, 0, COLUMN_MORE + i);
        cursor_write(query_request->list, at, keys, cursor);
        text_printf(body, ",\"next\":\"%s\"", cursor);
    }
    text_append(body, ",\"success\":true}");
}

/* NULL also if the file has no such column. */
static const char *read_kind(const struct rows *rows)
{
    int column = rows_named(rows, "read_kind");
    return column < 0 ? NULL : rows_text(rows, 0, column);
}

static fallible read_response(struct query_reader *reader, const struct run *run,
                              struct response **out)
{
    const struct route *route = run->request->query->route;
    scoped_rows *rows = NULL;
    TRY(call(reader, run->request, &rows));
    int64_t epoch = rows_int(rows, 0, COLUMN_EPOCH);
    if (!epoch || epoch != view_progress_epoch(run->api->view_progress))
        return VIEWS_BEGIN_ANEW; /* since the request was let in */
    if (!rows_text(rows, 0, COLUMN_BODY))
        return route->missing;
    struct response_facts facts = {
        .position = rows_int(rows, 0, COLUMN_POSITION),
        .total = rows_int(rows, 0, COLUMN_TOTAL),
        .epoch = epoch,
        .version = route->form == ITEM ? rows_text(rows, 0, COLUMN_MORE) : NULL,
        .language = run->request->language,
        .read_kind = read_kind(rows),
    };
    scoped_text body = {0};
    TRY(begin_body(rows, run->request->query, &body));
    end_body(rows, run->request, &body);
    size_t length = body.length;
    *out = response_new(text_take(&body), length, &facts, run->gzip);
    return NULL;
}

static void read_one(struct job *j, void *state)
{
    struct run *run = (struct run *)j;
    run->problem = atomic_load(&run->api->stopping) ? SHUTTING_DOWN
                                                    : read_response(state, run, &run->response);
    http_post(run->loop, &run->job);
}

const struct pool_work reader_work = {.begin = reader_begin, .work = read_one, .end = reader_end};
