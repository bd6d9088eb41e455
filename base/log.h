/* log.h -- one JSON object a line on stderr: time, level, service, message, then the pairs.
 * Log once, where the detail is known, with ids as fields. Any thread. Never a secret, never
 * who a citizen is. base, events and domain do not log. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct text;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct kv {
    const char *key; /* NULL ends the list */
    enum { KV_NONE, KV_TEXT, KV_INT, KV_NUMBER, KV_BOOL } kind;
    union {
        const char *text;
        int64_t integer;
        double number;
    };
};

static inline struct kv kv_text(const char *key, const char *v)
{
    return (struct kv){.key = key, .kind = KV_TEXT, .text = v};
}
static inline struct kv kv_int(const char *key, int64_t v)
{
    return (struct kv){.key = key, .kind = KV_INT, .integer = v};
}
static inline struct kv kv_uint(const char *key, uint64_t v)
{
    return kv_int(key, (int64_t)v);
}
static inline struct kv kv_number(const char *key, double v)
{
    return (struct kv){.key = key, .kind = KV_NUMBER, .number = v};
}
static inline struct kv kv_bool(const char *key, bool v)
{
    return (struct kv){.key = key, .kind = KV_BOOL, .integer = v};
}

#define KV(key, value) \
    _Generic((value), char *: kv_text, const char *: kv_text, _Bool: kv_bool, float: kv_number,     \
        double: kv_number, unsigned long: kv_uint, unsigned long long: kv_uint,                     \
        default: kv_int)(key, value)

#define log_debug(...)   log_at(LOG_DEBUG, __VA_ARGS__, (struct kv){0})
#define log_info(...)    log_at(LOG_INFO, __VA_ARGS__, (struct kv){0})
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__, (struct kv){0})
#define log_error(...)   log_at(LOG_ERROR, __VA_ARGS__, (struct kv){0})

#define log_at(level, message, ...) log_write(level, message, (struct kv[]){__VA_ARGS__})
void log_write(enum log_level level, const char *message, const struct kv *pairs);

/* Once, before the first line: the service's name, the lowest level that is written. */
void log_start(const char *service, enum log_level min);

/* Once, by a service: from now on all lines go to stdout, and warnings and errors to stderr as
 * well, so that whoever keeps both keeps the second for longer; unless both are one file. Of one
 * message stderr gets LOG_APART_MAX lines a minute, and with the next one how many were left out.
 */
enum { LOG_APART_MAX = 5 };
void log_apart(void);

/* Lines become text instead of JSON: `message: key "value", key "value"`. */
void log_for_people(void);

/* The correlation id that this thread's next lines carry; NULL for none. Borrowed. */
void log_correlate(const char *id);

/* From now on this thread's lines gather in `lines`, until log_release, a warning, or as many bytes
 * as a pipe takes whole: who writes many lines in one turn writes them at once. `lines` is the
 * caller's, empty, and empty again afterwards. */
void log_hold(struct text *lines);
void log_release(void);
