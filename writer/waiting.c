/* waiting.c -- one queue a stream, found by name through a libc search tree. */
#include "writer/waiting.h"

#include <search.h>

#include "base/banned.h"

struct line {
    char stream[STREAM_TEXT];
    struct pending *first, *last;
    int count;
    struct line *next, *previous;
};

struct waiting {
    void *by_stream;                /* tsearch root of struct line */
    struct line *lines, *last_line; /* in the order they were opened */
    int count;
};

struct waiting *waiting_new(void)
{
    return must_alloc(1, sizeof(struct waiting));
}

void waiting_free(struct waiting *w)
{
    free(w);
}

static int by_stream(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->stream, ((const struct line *)b)->stream);
}

static struct line *find(struct waiting *w, const char *stream)
{
    struct line key;
    snprintf(key.stream, sizeof(key.stream), "%s", stream);
    struct line **found = tfind(&key, &w->by_stream, by_stream);
    return found ? *found : NULL;
}

static struct line *make(struct waiting *w, const char *stream)
{
    struct line *l = must_alloc(1, sizeof(*l));
    snprintf(l->stream, sizeof(l->stream), "%s", stream);
    if (!tsearch(l, &w->by_stream, by_stream))
        abort();
    l->previous = w->last_line;
    *(w->last_line ? &w->last_line->next : &w->lines) = l;
    w->last_line = l;
    return l;
}

static void drop(struct waiting *w, struct line *l)
{
    tdelete(l, &w->by_stream, by_stream);
    *(l->previous ? &l->previous->next : &w->lines) = l->next;
    *(l->next ? &l->next->previous : &w->last_line) = l->previous;
    free(l);
}

bool waiting_has(struct waiting *w, const char *stream)
{
    return w->count && find(w, stream);
}

bool waiting_put(struct waiting *w, const char *stream, struct pending *p, bool first)
{
    struct line *l = find(w, stream);
    if (l && l->count >= WAITING_PER_STREAM && !first)
        return false;
    if (!l)
        l = make(w, stream);
    if (first) {
        p->next_waiting = l->first;
        l->first = p;
    } else {
        p->next_waiting = NULL;
        *(l->last ? &l->last->next_waiting : &l->first) = p;
    }
    if (!first || !l->last)
        l->last = p;
    l->count++;
    w->count++;
    return true;
}

void waiting_each(struct waiting *w, bool (*take)(void *arg, const char *stream, struct pending *p),
                  void *arg)
{
    for (struct line *l = w->lines, *next; l; l = next) {
        struct pending *after = l->first->next_waiting;
        next = l->next;
        while (l->first && take(arg, l->stream, l->first)) { /* it may be answered and gone now */
            l->first = after;
            after = after ? after->next_waiting : NULL;
            l->count--;
            w->count--;
        }
        if (!l->first)
            drop(w, l);
    }
}

int waiting_count(const struct waiting *w)
{
    return w->count;
}
