/* findings.c -- what the parts of verify say: differences, and how far they are. */
#include "ctl/verify.h"

#include <stdarg.h>

#include "base/time.h"
#include "ctl/table.h"
#include "base/banned.h"

enum { SAY_US = 1000000 };

void differs(struct findings *f, const char *part, const char *name, int64_t position,
             const char *format, ...)
{
    scoped_arena a = {0};
    scoped_text line = {0};
    va_list args;
    char what[1024];
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    f->count++;
    if (!f->json) {
        const char *at = position ? arena_printf(&a, " %lld", (long long)position) : "";
        print_visible(stdout, arena_printf(&a, "%s %s%s: %s", part, name, at, what));
        return;
    }
    text_append(&line, "{\"part\":");
    text_append_json(&line, part);
    text_append(&line, ",\"name\":");
    text_append_json(&line, name);
    if (position)
        text_printf(&line, ",\"position\":%lld", (long long)position);
    text_append(&line, ",\"difference\":");
    text_append_json(&line, what);
    text_append_char(&line, '}');
    print_visible(stdout, text_value(&line));
}

void compared(struct findings *f, const char *part, const char *name, int64_t count,
              const char *unit, int64_t position)
{
    scoped_text line = {0};
    if (f->json) {
        text_printf(&line, "{\"part\":\"%s\",\"name\":\"%s\"", part, name);
        if (position)
            text_printf(&line, ",\"position\":%lld", (long long)position);
        printf("%s,\"compared\":%lld,\"unit\":\"%s\"}\n", text_value(&line), (long long)count,
               unit);
        return;
    }
    text_printf(&line, "%s %s: %lld %s compared", part, name, (long long)count, unit);
    if (position)
        text_printf(&line, ", up to event %lld", (long long)position);
    print_sentence(stderr, "%s.", text_value(&line));
}

void progress(struct findings *f, const char *name, int64_t done, int64_t all)
{
    int64_t now = time_monotonic();
    if (now - f->said_at < SAY_US)
        return;
    f->said_at = now;
    if (done <= all)
        print_sentence(stderr, "%s: %lld of %lld", name, (long long)done, (long long)all);
    else
        print_sentence(stderr, "%s: %lld so far", name, (long long)done);
}
