/* audit_reads.c -- see audit_reads.h. One read goes to and fro between its loop and a thread of the
 * pool: once for a page, once for each piece of a stream. */
#include "query-api/audit_reads.h"

#include "api/note_actor.h"
#include "audit/pages.h"
#include "base/time.h"
#include "platform/http/http_stream.h"
#include "query-api/audit_parameters.h"
#include "query-api/loop_state.h"
#include "base/banned.h"

enum { THREADS = 2, READS_MAX = 16, PIECE_BYTES = 65536 };

struct audit_reads {
    struct query_api *api;
    struct pool *pool;
    atomic_int open; /* reads that are not answered, or not to their end */
};

struct audit_read {
    struct job job;
    struct audit_reads *reads; /* NULL: it has no place among them */
    struct http_loop *loop;
    struct http_request *http; /* until it is answered */
    struct arena arena;
    struct audit_parameters given;

    /* the thread's while it works */
    struct audit_search *search;
    struct text out; /* the page, or the piece */
    int64_t records;
    const struct problem *problem;

    struct http_stream *stream;
    bool gone; /* the client, while a thread works */
    bool working;
};

static void read_free(struct audit_read *r)
{
    if (r->reads)
        atomic_fetch_sub(&r->reads->open, 1);
    audit_search_free(r->search);
    text_release(&r->out);
    arena_release(&r->arena);
    free(r);
}

/* ---- the thread ---- */

static void *begin_thread(void *context)
{
    const struct settings *s = ((struct audit_reads *)context)->api->settings;
    struct mongo *m = NULL;
    return audit_mongo(s->mongodb_uri, s->mongodb_password_file, &m) ? NULL : m;
}

static void end_thread(void *mongo)
{
    mongo_free(mongo);
}

static fallible begin_search(struct audit_read *r, struct mongo *m)
{
    if (r->search) {
        audit_search_turn(r->search);
        return NULL;
    }
    return audit_search_begin(m, &r->given.terms, r->given.place, &r->search);
}

static void end_page(struct audit_read *r)
{
    scoped_text place = {0};
    text_append(&r->out, "],\"next\":");
    if (audit_search_is_over(r->search)) {
        text_append(&r->out, "null");
    } else {
        audit_search_place(r->search, &place);
        text_append_char(&r->out, '"');
        audit_cursor_write(&r->given, text_value(&place), &r->out);
        text_append_char(&r->out, '"');
    }
    text_printf(&r->out, ",\"unreadable\":%lld,\"success\":true}",
                (long long)audit_search_strays(r->search));
}

static fallible read_page(struct audit_read *r, struct mongo *m)
{
    const struct stored_record *record;
    TRY(begin_search(r, m));
    text_append(&r->out, "{\"data\":[");
    for (; r->records < r->given.limit; r->records++) {
        TRY(audit_search_next(r->search, m, &record));
        if (!record)
            break;
        text_append(&r->out, r->records ? "," : "");
        record_show(record, &r->out);
    }
    end_page(r);
    return NULL;
}

static fallible read_piece(struct audit_read *r, struct mongo *m)
{
    const struct stored_record *record;
    text_clear(&r->out);
    TRY(begin_search(r, m));
    for (; r->out.length < PIECE_BYTES; r->records++) {
        TRY(audit_search_next(r->search, m, &record));
        if (!record)
            break;
        record_show(record, &r->out);
        text_append_char(&r->out, '\n');
    }
    if (audit_search_is_over(r->search))
        text_printf(&r->out, "{\"end\":true,\"records\":%lld,\"unreadable\":%lld}\n",
                    (long long)r->records, (long long)audit_search_strays(r->search));
    return NULL;
}

static void work(struct job *j, void *mongo)
{
    struct audit_read *r = (struct audit_read *)j;
    if (atomic_load(&r->reads->api->stopping))
        r->problem = SHUTTING_DOWN;
    else if (!mongo)
        r->problem = MONGO_UNAVAILABLE;
    else
        r->problem = r->given.lines ? read_piece(r, mongo) : read_page(r, mongo);
    http_post(r->loop, &r->job);
}

/* ---- the loop ---- */

static fallible send_to_work(struct audit_read *r)
{
    if (!r->reads->pool)
        return SHUTTING_DOWN;
    TRY(pool_put(r->reads->pool, &r->job));
    r->working = true;
    return NULL;
}

static struct http_answer answer_head(const struct audit_read *r)
{
    return (struct http_answer){
        .status = 200,
        .content_type = r->given.lines ? "application/x-ndjson" : NULL,
        .headers = {{"Cache-Control", "no-store"}, {"Vary", "Accept, Authorization"}}};
}

static void refuse_read(struct audit_read *r)
{
    struct fault f = {.field = NULL};
    if (r->problem == BAD_CURSOR)
        f.field = "cursor";
    if (r->problem == OUT_OF_RANGE) {
        r->problem = BAD_PARAMETER;
        f = (struct fault){.field = "service", .detail = "Needed: there are too many chains."};
    }
    http_refuse(r->http, r->problem, &f);
    read_free(r);
}

static void abort_stream(struct audit_read *r)
{
    http_stream_abort(r->stream);
    read_free(r);
}

/* What fits is rare: nothing to send yet. */
static void read_on(void *arg)
{
    struct audit_read *r = arg;
    if (send_to_work(r))
        abort_stream(r);
}

static void left(void *arg)
{
    struct audit_read *r = arg;
    r->gone = true;
    if (!r->working)
        read_free(r);
}

static void go_on(struct audit_read *r)
{
    if (r->problem) {
        abort_stream(r);
    } else if (audit_search_is_over(r->search)) {
        http_stream_end(r->stream, text_value(&r->out), r->out.length);
        read_free(r);
    } else if (r->out.length) {
        http_stream_send(r->stream, text_value(&r->out), r->out.length);
    } else {
        read_on(r);
    }
}

static void begin_stream(struct audit_read *r)
{
    static const struct http_stream_calls calls = {read_on, left};
    struct http_answer head = answer_head(r);
    r->problem = http_stream_begin(r->http, &head, &calls, r, &r->stream);
    if (r->problem)
        refuse_read(r);
    else if (r->stream)
        go_on(r);
    else
        read_free(r);
}

static void reply(struct audit_read *r)
{
    struct http_answer a = answer_head(r);
    a.body = text_value(&r->out);
    a.length = r->out.length;
    http_reply(r->http, &a);
    read_free(r);
}

static void finish(struct job *j)
{
    struct audit_read *r = (struct audit_read *)j;
    r->working = false;
    if (r->gone)
        read_free(r);
    else if (r->stream)
        go_on(r);
    else if (r->problem)
        refuse_read(r);
    else if (r->given.lines)
        begin_stream(r);
    else
        reply(r);
}

/* ---- the request ---- */

static fallible admit(struct http_request *r, struct claims *who)
{
    struct loop_state *state = http_loop_state(http_loop_of(r));
    const struct problem *p =
        token_admit(state->tokens, state->api->revoked, http_header(r, HTTP_AUTHORIZATION), ADMIN,
                    time_now(), who);
    note_actor(r, ADMIN, !p || p == WRONG_ROLE ? who : NULL);
    return p;
}

static fallible take_place(struct audit_reads *reads, struct fault *f)
{
    if (!reads)
        return fault_at(f, MONGO_UNAVAILABLE, NULL, "MONGODB_URI names no server.");
    if (atomic_fetch_add(&reads->open, 1) < READS_MAX)
        return NULL;
    atomic_fetch_sub(&reads->open, 1);
    return QUEUE_FULL;
}

static fallible start(struct audit_read *r, struct fault *f)
{
    const struct query_api *api = http_context(r->http);
    struct claims who;
    TRY(admit(r->http, &who));
    TRY(audit_parameters_read(r->http, who.user_id, &r->arena, &r->given, f));
    TRY(take_place(api->audit_reads, f));
    r->reads = api->audit_reads;
    return send_to_work(r);
}

void audit_serve(struct http_request *http, const void *row)
{
    struct fault f = {.field = NULL};
    struct audit_read *r = must_alloc(1, sizeof(*r));
    (void)row;
    *r = (struct audit_read){.job.finish = finish, .loop = http_loop_of(http), .http = http};
    const struct problem *p = start(r, &f);
    if (p) {
        http_refuse(http, p, &f);
        read_free(r);
    }
}

/* ---- life ---- */

struct audit_reads *audit_reads_new(struct query_api *api)
{
    const char *uri = api->settings->mongodb_uri;
    if (!uri || !*uri)
        return NULL;
    struct audit_reads *reads = must_alloc(1, sizeof(*reads));
    struct pool_work work_of = {
        .begin = begin_thread, .work = work, .end = end_thread, .context = reads};
    reads->api = api;
    reads->pool = pool_new("audit reader", THREADS, READS_MAX, &work_of);
    return reads;
}

void audit_reads_stop(struct audit_reads *a)
{
    if (!a)
        return;
    pool_free(a->pool);
    a->pool = NULL;
}

void audit_reads_free(struct audit_reads *a)
{
    free(a);
}
