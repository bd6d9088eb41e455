/* log.c -- renders a line in one buffer and writes it by one write(2), so lines never mix: a pipe
 * takes up to PIPE_BUF bytes as a whole. */
#include "base/log.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "base/banned.h"

static const char *service_name = "citywatch";
static enum log_level min_level = LOG_INFO;
static int lines_fd = STDERR_FILENO;
static int apart_fd = -1;
static bool for_people;
static __thread const char *correlation;
static __thread struct text *held; /* NULL: a line goes out at once */

void log_start(const char *service, enum log_level min)
{
    service_name = service;
    min_level = min;
}

void log_correlate(const char *id)
{
    correlation = id;
}

static void put_out(struct text *t, size_t length)
{
    ssize_t written = length ? write(lines_fd, t->at, length) : 0;
    (void)written; /* a log that cannot be written has nowhere to say so */
    text_drop(t, length);
}

void log_hold(struct text *lines)
{
    held = lines;
}

void log_release(void)
{
    if (held)
        put_out(held, held->length);
    held = NULL;
}

void log_for_people(void)
{
    for_people = true;
}

void log_apart(void)
{
    struct stat lines, apart;
    if (fstat(STDOUT_FILENO, &lines) || fstat(STDERR_FILENO, &apart) ||
        (lines.st_dev == apart.st_dev && lines.st_ino == apart.st_ino))
        return;
    lines_fd = STDOUT_FILENO;
    apart_fd = STDERR_FILENO;
}

/* ---- one line ---- */

static void append_pair(struct text *t, const char *separator, const struct kv *kv)
{
    text_append(t, separator);
    if (for_people) {
        text_append(t, kv->key);
        text_append_char(t, ' ');
    } else {
        text_append_json(t, kv->key);
        text_append_char(t, ':');
    }
    switch (kv->kind) {
    case KV_TEXT: text_append_json(t, kv->text); break;
    case KV_INT: text_append_int(t, kv->integer); break;
    case KV_NUMBER: text_printf(t, "%.6g", isfinite(kv->number) ? kv->number : -1.0); break;
    case KV_BOOL: text_append(t, kv->integer ? "true" : "false"); break;
    case KV_NONE: text_append(t, "null"); break;
    }
}

static void append_text_line(struct text *t, const char *message, const struct kv *pairs)
{
    text_append(t, message);
    for (const char *separator = ": "; pairs->key; pairs++, separator = ", ")
        append_pair(t, separator, pairs);
    text_append_char(t, '\n');
}

static void append_line(struct text *t, enum log_level level, const char *message,
                        const struct kv *pairs)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    char now[TIME_TEXT];
    text_append(t, "{\"time\":\"");
    text_append(t, time_format(time_now(), now));
    text_append(t, "\",\"level\":\"");
    text_append(t, names[level]);
    text_append(t, "\",\"service\":\"");
    text_append(t, service_name);
    text_append(t, "\",\"message\":");
    text_append_json(t, message);
    if (correlation)
        append_pair(t, ",",
                    &(struct kv){.key = "correlation_id", .kind = KV_TEXT, .text = correlation});
    for (; pairs->key; pairs++)
        append_pair(t, ",", pairs);
    text_append(t, "}\n");
}

/* ---- warnings and errors, apart ---- */

enum { MESSAGES = 64, MINUTE_US = 60 * 1000000 };

/* By address: messages are constants. Those that find no place are written each time. */
static struct {
    pthread_mutex_t lock;
    struct counter {
        const char *message;
        int64_t since; /* monotonic: the minute that is counted */
        int64_t written, left_out;
    } at[MESSAGES];
    int count;
} apart = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct counter *counter_locked(const char *message)
{
    for (int i = 0; i < apart.count; i++)
        if (apart.at[i].message == message)
            return &apart.at[i];
    if (apart.count == MESSAGES)
        return NULL;
    apart.at[apart.count].message = message;
    return &apart.at[apart.count++];
}

/* True if one more line of this message is to be written; *left_out is how many were not. */
static bool count_apart(const char *message, int64_t *left_out)
{
    int64_t now = time_monotonic();
    bool write_it = true;
    pthread_mutex_lock(&apart.lock);
    struct counter *c = counter_locked(message);
    if (c) {
        if (!c->since || now - c->since >= MINUTE_US) {
            c->since = now;
            c->written = 0;
        }
        write_it = c->written < LOG_APART_MAX;
        *left_out = write_it ? c->left_out : 0;
        c->left_out = write_it ? 0 : c->left_out + 1;
        c->written += write_it;
    }
    pthread_mutex_unlock(&apart.lock);
    return write_it;
}

static void write_apart(enum log_level level, const char *message, const char *line, size_t length)
{
    int64_t left_out = 0;
    scoped_text t = {0};
    if (apart_fd < 0 || level < LOG_WARNING || !count_apart(message, &left_out))
        return;
    if (left_out)
        append_line(&t, level, "lines like the next one were left out here",
                    (struct kv[]){KV("count", left_out), {0}});
    text_append_bytes(&t, line, length);
    ssize_t written = write(apart_fd, t.at, t.length);
    (void)written;
}

void log_write(enum log_level level, const char *message, const struct kv *pairs)
{
    if (level < min_level)
        return;
    scoped_text own = {0};
    struct text *t = held ? held : &own;
    size_t before = t->length;
    if (for_people)
        append_text_line(t, message, pairs);
    else
        append_line(t, level, message, pairs);
    write_apart(level, message, t->at + before, t->length - before);
    if (t->length > PIPE_BUF) /* too much for one write: what was held back goes first */
        put_out(t, before);
    if (!held || level >= LOG_WARNING || t->length > PIPE_BUF)
        put_out(t, t->length);
}
