/* filters.c -- the filters of the inbox that an officer has saved, all in a stream of their own,
 * filters-<user>: how many there are is known without a search. */
#include "events/bindings.h"
#include "events/decision.h"

#include "base/texts.h"
#include "base/time.h"
#include "base/banned.h"

enum { FILTERS_MAX = 50 };

struct saved_filter {
    const char *name;
    const struct texts *filter;
};

struct filters {
    int count;
    struct saved_filter at[FILTERS_MAX];
};

static int find_filter(const struct filters *all, const char *name)
{
    for (int i = 0; i < all->count; i++)
        if (text_equal(all->at[i].name, name))
            return i;
    return -1;
}

static void saved(struct filters *all, const struct FiltersSaved *e, struct arena *a)
{
    int i = find_filter(all, e->filter_name);
    if (i < 0 && all->count == FILTERS_MAX)
        return; /* no rule has saved so many */
    if (i < 0)
        all->at[i = all->count++].name = arena_text(a, e->filter_name);
    all->at[i].filter = texts_copy(a, e->filter);
}

static void deleted(struct filters *all, const char *name)
{
    int i = find_filter(all, name);
    if (i >= 0)
        all->at[i] = all->at[--all->count];
}

static void filters_evolve(void *state, const struct event *e, struct arena *a)
{
    switch ((enum filters_event)e->type) {
    case FiltersSaved: saved(state, &e->FiltersSaved, a); break;
    case FiltersDeleted: deleted(state, e->FiltersDeleted.filter_name); break;
    }
}

/* ---- what a filter may hold: the inbox's own filters, with values that it takes ---- */

static const char INBOX[] = "/cases/inbox";

/* NULL: the inbox has no such filter. */
static const struct binding *inbox_filter(const char *name)
{
    for (const struct binding *row = query_bindings(INBOX); row->kind; row++)
        if (is_filter(row) && text_equal(row->name, name))
            return row;
    return NULL;
}

static const char *expected_members(struct arena *a)
{
    const char *names[BINDINGS_MAX + 1] = {NULL};
    int count = 0;
    for (const struct binding *row = query_bindings(INBOX); row->kind; row++)
        if (is_filter(row))
            names[count++] = row->name;
    return text_expected(a, names);
}

static fallible check_members(const struct texts *filter, struct decision *out)
{
    for (int i = 0; i < filter->count; i++) {
        const struct texts_pair *p = &filter->at[i];
        const struct binding *row = inbox_filter(p->key);
        const char *detail =
            row ? filter_refuses(row, p->value, out->arena) : expected_members(out->arena);
        if (detail)
            return refuse(out, NOT_A_CHOICE, arena_printf(out->arena, "filter.%s", p->key), detail);
    }
    return NULL;
}

/* In place: the body's texts are its own. */
static void lower_id(const struct texts_pair *p)
{
    char lower[UUID_TEXT];
    const struct binding *row = inbox_filter(p->key);
    if (row && row->kind == BIND_USER && uuid_read(p->value, lower))
        memcpy((char *)(uintptr_t)p->value, lower, sizeof(lower));
}

static void filters_complete(struct command *c)
{
    if (c->type != SaveFilter)
        return;
    const struct texts *filter = c->SaveFilter.filter;
    texts_sort(filter);
    for (int i = 0; i < filter->count; i++)
        lower_id(&filter->at[i]);
}

static fallible save(const struct filters *all, const char *stream, const struct command *c,
                     struct decision *out)
{
    const struct texts *filter = c->SaveFilter.filter;
    int i = find_filter(all, c->target);
    TRY(check_members(filter, out));
    if (i < 0 && all->count == FILTERS_MAX)
        return TOO_MANY_FILTERS;
    if (i < 0 || !texts_equal(all->at[i].filter, filter)) /* else it is already as wished */
        emit(out, stream, "user",
             EVENT(FiltersSaved, .user_id = c->actor.user_id, .filter_name = c->target,
                   .filter = filter, .saved_at = c->now));
    return NULL;
}

static fallible delete (const struct filters *all, const char *stream, const struct command *c,
                        struct decision *out)
{
    if (find_filter(all, c->target) < 0)
        return NO_SUCH_FILTER;
    emit(out, stream, "user",
         EVENT(FiltersDeleted, .user_id = c->actor.user_id, .filter_name = c->target,
               .deleted_at = c->now));
    return NULL;
}

static fallible filters_decide(const void *state, const struct command *c, struct decision *out)
{
    char stream[STREAM_TEXT];
    command_stream(c, stream);
    answer(out, "name", c->target);
    switch ((enum filters_command)c->type) {
    case SaveFilter: return save(state, stream, c, out);
    case DeleteFilter: return delete (state, stream, c, out);
    }
    return INTERNAL;
}

COMPLETING_DECIDER(filters);
