/* redis.c -- hiredis 0.14.1, one context a thread. After a time-out or I/O error the context is
 * dead and is thrown away. */
#include "platform/redis/redis.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <hiredis/hiredis.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "platform/process/wait.h"
#include "base/banned.h"

enum { MAX_ARGUMENTS = 16384, COMMAND_WORDS_MAX = 64 };

struct redis {
    const char *host, *password;
    int port, timeout_ms;
    int64_t deadline;      /* of the call under way */
    redisContext *context; /* NULL while not connected */
    int64_t generation;
    bool complained; /* one log line an outage */
};

const char *const entry_names[ENTRY_FIELDS] = {
    "specversion",     "id",          "source",   "type",  "subject",       "time",
    "datacontenttype", "dataschema",  "sequence", "prev",  "streamversion", "correlationid",
    "causationid",     "traceparent", "tenant",   "epoch", "data",
};

struct redis *redis_new(const char *host, int port, const char *password, int timeout_ms)
{
    struct redis *r = must_alloc(1, sizeof(*r));
    *r = (struct redis){.host = host, .port = port, .password = password, .timeout_ms = timeout_ms};
    return r;
}

static void close_context(struct redis *r)
{
    if (r->context)
        redisFree(r->context);
    r->context = NULL;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    close_context(r);
    free(r);
}

int64_t redis_generation(const struct redis *r)
{
    return r->generation;
}

#define AS_TEXT(x)  AS_TEXT_(x)
#define AS_TEXT_(x) #x
const char *redis_library(void)
{
    return AS_TEXT(HIREDIS_MAJOR) "." AS_TEXT(HIREDIS_MINOR) "." AS_TEXT(HIREDIS_PATCH);
}

static const struct problem *lost(struct redis *r, const char *reason)
{
    if (!r->complained)
        log_warning("redis unavailable", KV("reason", reason));
    r->complained = true;
    close_context(r);
    return REDIS_UNAVAILABLE;
}

/* ---- one command, within the deadline of the call ---- */

static bool write_all(struct redis *r)
{
    int done = 0;
    for (;;) {
        if (redisBufferWrite(r->context, &done) != REDIS_OK)
            return false;
        if (done)
            return true;
        if (!wait_for_socket(r->context->fd, POLLOUT, r->deadline))
            return false;
    }
}

/* NULL: lost or late. */
static redisReply *read_reply(struct redis *r)
{
    void *reply = NULL;
    for (;;) {
        if (redisGetReplyFromReader(r->context, &reply) != REDIS_OK)
            return NULL;
        if (reply)
            return reply;
        if (!wait_for_socket(r->context->fd, POLLIN, r->deadline) ||
            redisBufferRead(r->context) != REDIS_OK)
            return NULL;
    }
}

static redisReply *send_once(struct redis *r, int argc, const char **argv, const size_t *lengths)
{
    bool kept = redisAppendCommandArgv(r->context, argc, argv, lengths) == REDIS_OK;
    return kept && write_all(r) ? read_reply(r) : NULL;
}

static const struct problem *lost_call(struct redis *r)
{
    return lost(r, r->context->err ? r->context->errstr : "deadline passed");
}

static fallible give_password(struct redis *r)
{
    if (!r->password || !*r->password)
        return NULL;
    const char *argv[] = {"AUTH", r->password};
    const size_t lengths[] = {4, strlen(r->password)};
    redisReply *reply = send_once(r, 2, argv, lengths);
    if (!reply)
        return lost_call(r);
    bool ok = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return ok ? NULL : lost(r, "the password was refused");
}

/* hiredis' own time-outs begin anew with each read, so the socket does not block and is waited for
 * here. */
static fallible await_connection(struct redis *r)
{
    int error = 0, on = 1;
    socklen_t size = sizeof(error);
    int fd = r->context->fd;
    if (!wait_for_socket(fd, POLLOUT, r->deadline))
        return lost(r, "deadline passed");
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) || error)
        return lost(r, strerror(error ? error : errno));
    if (r->host[0] != '/') {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        redisEnableKeepAlive(r->context);
    }
    return NULL;
}

static fallible connect_now(struct redis *r)
{
    r->context = r->host[0] == '/' ? redisConnectUnixNonBlock(r->host)
                                   : redisConnectNonBlock(r->host, r->port);
    if (!r->context || r->context->err)
        return lost(r, r->context ? r->context->errstr : "out of memory");
    TRY(await_connection(r));
    TRY(give_password(r));
    r->generation++;
    if (r->complained)
        log_info("redis is back");
    r->complained = false;
    return NULL;
}

/* hiredis' replies nest at most 7 deep, and so does this. */
static void copy_reply(const redisReply *from, struct arena *a, struct redis_reply *to)
{
    *to = (struct redis_reply){.kind = REPLY_NIL};
    switch (from->type) {
    case REDIS_REPLY_INTEGER:
        to->kind = REPLY_INT;
        to->integer = from->integer;
        return;
    case REDIS_REPLY_ARRAY: {
        struct redis_reply *at = arena_array(a, from->elements, sizeof(*at));
        for (size_t i = 0; i < from->elements; i++)
            copy_reply(from->element[i], a, &at[i]);
        to->kind = REPLY_ARRAY;
        to->count = (int)from->elements;
        to->at = at;
        return;
    }
    case REDIS_REPLY_NIL: return;
    default: /* STRING, STATUS, ERROR: hiredis' kinds are not an enum */
        to->kind = from->type == REDIS_REPLY_ERROR ? REPLY_ERROR : REPLY_TEXT;
        to->text = arena_bytes(a, from->str, from->len);
        to->length = from->len;
    }
}

fallible redis_call(struct redis *r, const struct redis_argument *args, int count, struct arena *a,
                    struct redis_reply *out)
{
    if (count > MAX_ARGUMENTS)
        return INTERNAL;
    r->deadline = time_monotonic() + (int64_t)r->timeout_ms * 1000;
    if (!r->context)
        TRY(connect_now(r));
    const char **argv = arena_array(a, (size_t)count, sizeof(*argv));
    size_t *lengths = arena_array(a, (size_t)count, sizeof(*lengths));
    for (int i = 0; i < count; i++) {
        argv[i] = args[i].at;
        lengths[i] = args[i].length;
    }
    redisReply *reply = send_once(r, count, argv, lengths);
    if (!reply)
        return lost_call(r);
    copy_reply(reply, a, out);
    freeReplyObject(reply);
    return NULL;
}

fallible redis_command(struct redis *r, struct arena *a, struct redis_reply *out, ...)
{
    struct redis_argument args[COMMAND_WORDS_MAX];
    int count = 0;
    va_list list;
    va_start(list, out);
    for (const char *s; count < COMMAND_WORDS_MAX && (s = va_arg(list, const char *)); count++)
        args[count] = (struct redis_argument){s, strlen(s)};
    va_end(list);
    return redis_call(r, args, count, a, out);
}

/* ---- entries ---- */

/* "<position>-0" */
static bool parse_id(const char *id, int64_t *position)
{
    char digits[24];
    size_t n = strcspn(id, "-");
    if (n == 0 || n >= sizeof(digits) || !text_equal(id + n, "-0"))
        return false;
    memcpy(digits, id, n);
    digits[n] = '\0';
    return text_to_int(digits, position) && *position > 0;
}

/* "/schemas/<type>/<n>" */
static bool parse_schema(const char *dataschema, int *out)
{
    const char *slash = strrchr(dataschema, '/');
    int64_t n;
    if (!slash || !text_to_int(slash + 1, &n) || n < 1 || n > 10000)
        return false;
    *out = (int)n;
    return true;
}

static bool parse_entry(const struct redis_reply *row, struct entry *e)
{
    if (row->kind != REPLY_ARRAY || row->count != 2 || row->at[0].kind != REPLY_TEXT ||
        row->at[1].kind != REPLY_ARRAY || row->at[1].count != 2 * ENTRY_FIELDS)
        return false;
    const struct redis_reply *pairs = row->at[1].at;
    for (int i = 0; i < ENTRY_FIELDS; i++) {
        const struct redis_reply *value = &pairs[2 * i + 1];
        if (!text_equal(pairs[2 * i].text, entry_names[i]) || value->kind != REPLY_TEXT ||
            strlen(value->text) != value->length)
            return false;
        e->fields[i] = value->text;
    }
    return parse_id(row->at[0].text, &e->position) &&
           text_to_int(e->fields[ENTRY_PREV], &e->prev) &&
           text_to_int(e->fields[ENTRY_EPOCH], &e->epoch) &&
           text_to_int(e->fields[ENTRY_STREAMVERSION], &e->version) &&
           parse_schema(e->fields[ENTRY_DATASCHEMA], &e->schema);
}

/* The rows of the one key that was asked for; NULL if there are none. */
static const struct redis_reply *rows_of(const struct redis_reply *reply)
{
    if (reply->kind != REPLY_ARRAY || reply->count != 1 || reply->at[0].kind != REPLY_ARRAY ||
        reply->at[0].count != 2 || reply->at[0].at[1].kind != REPLY_ARRAY)
        return NULL;
    return &reply->at[0].at[1];
}

fallible redis_read(struct redis *r, const char *key, int64_t position, int count, int block_ms,
                    struct arena *a, struct entry **out, int *found, bool *malformed)
{
    struct redis_reply reply;
    const char *after = arena_printf(a, "%lld-0", (long long)position);
    const char *limit = arena_printf(a, "%d", count);
    if (block_ms)
        TRY(redis_command(r, a, &reply, "XREAD", "COUNT", limit, "BLOCK",
                          arena_printf(a, "%d", block_ms), "STREAMS", key, after, NULL));
    else
        TRY(redis_command(r, a, &reply, "XREAD", "COUNT", limit, "STREAMS", key, after, NULL));
    if (reply.kind == REPLY_ERROR) {
        log_warning("redis refused a read", KV("key", key), KV("reason", reply.text));
        return REDIS_REFUSED;
    }
    *found = 0;
    *malformed = false;
    *out = NULL;
    const struct redis_reply *rows = rows_of(&reply);
    if (!rows)
        return NULL;
    *out = arena_array(a, (size_t)rows->count, sizeof(**out));
    while (*found < rows->count && parse_entry(&rows->at[*found], &(*out)[*found]))
        (*found)++;
    *malformed = *found < rows->count;
    return NULL;
}
