/* log.c -- renders a line in one buffer and writes it by one write(2), so lines never mix: a pipe
 * takes up to PIPE_BUF bytes as a whole. */
#include "base/log.h"

#include <limits.h>
#include <math.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "base/banned.h"

static const char *service_name = "citywatch";
static enum log_level least_level = LOG_INFO;
static __thread const char *correlation;
static __thread struct text *held; /* NULL: a line goes out at once */

void log_start(const char *service, enum log_level least)
{
    service_name = service;
    least_level = least;
}

void log_correlate(const char *id)
{
    correlation = id;
}

static void put_out(struct text *t, size_t length)
{
    ssize_t written = length ? write(STDERR_FILENO, t->at, length) : 0;
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

static void append_pair(struct text *t, const struct kv *kv)
{
    text_append_char(t, ',');
    text_append_json(t, kv->key);
    text_append_char(t, ':');
    switch (kv->kind) {
    case KV_TEXT: text_append_json(t, kv->text); break;
    case KV_INT: text_append_int(t, kv->integer); break;
    case KV_NUMBER: text_printf(t, "%.6g", isfinite(kv->number) ? kv->number : -1.0); break;
    case KV_BOOL: text_append(t, kv->integer ? "true" : "false"); break;
    case KV_NONE: text_append(t, "null"); break;
    }
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
        append_pair(t, &(struct kv){.key = "correlation_id", .kind = KV_TEXT, .text = correlation});
    for (; pairs->key; pairs++)
        append_pair(t, pairs);
    text_append(t, "}\n");
}

void log_write(enum log_level level, const char *message, const struct kv *pairs)
{
    if (level < least_level)
        return;
    scoped_text own = {0};
    struct text *t = held ? held : &own;
    size_t before = t->length;
    append_line(t, level, message, pairs);
    if (t->length > PIPE_BUF) /* too much for one write: what was held back goes first */
        put_out(t, before);
    if (!held || level >= LOG_WARNING || t->length > PIPE_BUF)
        put_out(t, t->length);
}
