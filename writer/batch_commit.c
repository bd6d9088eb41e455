/* batch_commit.c -- one try at a batch: loads the missing states, decides, appends. */
#include "writer/batch_commit.h"

#include "writer/batch_append.h"
#include "writer/recorded.h"
#include "base/banned.h"

/* ---- load ---- */

struct missing {
    const char *at[BATCH_MAX * (1 + DECLARED_READS_MAX)];
    int count;
};

static void want(struct state_cache *cache, struct missing *m, const char *stream)
{
    if (!state_cache_get(cache, stream) && state_cache_make(cache, stream))
        m->at[m->count++] = stream;
}

/* One query for all of them. A stream that cannot be read stays at version -1: whoever needs it
 * is told so, the others go on. */
static fallible load(struct store *store, struct state_cache *cache, struct missing *m)
{
    scoped_arena a = {0};
    struct event_page page;
    struct event e;
    if (!m->count)
        return NULL;
    const struct problem *p = store_load(store, m->at, m->count, &a, &page);
    if (p) {
        for (int i = 0; i < m->count; i++)
            state_cache_drop(cache, m->at[i]);
        return p;
    }
    for (int i = 0; i < page.count; i++) {
        const struct stored_event *s = &page.at[i];
        struct cached *c = state_cache_get(cache, s->stream);
        if (c->version < 0)
            continue;
        if (event_read(s->type, s->schema, s->data, &a, &e))
            c->version = -1;
        else
            cached_fold(c, &e, s->position);
    }
    return NULL;
}

static fallible load_missing(struct store *store, struct state_cache *cache, struct batch *b)
{
    struct missing m = {.count = 0};
    for (int i = 0; i < b->count; i++) {
        struct pending *p = b->at[i];
        if (p->outcome != OPEN)
            continue;
        if (command_creates(p->command.type))
            state_cache_make(cache, p->stream); /* a new id: nothing to load */
        else
            want(cache, &m, p->stream);
        for (int k = 0; k < p->declared_count; k++)
            want(cache, &m, p->declared_reads[k]);
    }
    return load(store, cache, &m);
}

/* ---- decide ---- */

static bool is_readable(struct state_cache *cache, const struct pending *p)
{
    bool readable = state_cache_get(cache, p->stream)->version >= 0;
    for (int i = 0; readable && i < p->decision.read_count; i++)
        readable = state_cache_get(cache, p->decision.reads[i].stream)->version >= 0;
    return readable;
}

static void add_read(struct state_cache *cache, struct pending *p, const char *stream)
{
    struct decision *d = &p->decision;
    struct cached *s = state_cache_get(cache, stream);
    if (!s)
        d->broken = "It reads a stream of a kind that no rule decides on.";
    else if (d->read_count == READS_MAX)
        d->broken = "It reads more streams than READS_MAX.";
    else
        d->reads[d->read_count++] = (struct state_read){s->stream, s->state, s->version};
}

/* What the row names, what was read before, and what the rule has asked for then. */
static void add_reads(struct state_cache *cache, struct pending *p, const struct decision *before)
{
    for (int i = 0; i < p->declared_count; i++)
        add_read(cache, p, p->declared_reads[i]);
    for (int i = p->declared_count; before && i < before->read_count; i++)
        add_read(cache, p, before->reads[i].stream);
    if (before && *before->needs)
        add_read(cache, p, before->needs);
}

static bool has_read(const struct pending *p, const char *stream)
{
    bool read = text_equal(stream, p->stream);
    for (int i = 0; i < p->decision.read_count; i++)
        read = read || text_equal(stream, p->decision.reads[i].stream);
    return read;
}

/* Only the version of a stream that was read is checked, and only its state is at hand. */
static void check_streams(struct pending *p)
{
    struct decision *d = &p->decision;
    if (d->anonymous && !command_may_be_anonymous(p->command.type))
        d->broken = "Its actor is an anonymous author, and its kind of streams is not authored.";
    for (int i = 0; i < d->emitted_count; i++)
        if (!has_read(p, d->emitted[i].stream))
            d->broken = "It emits to a stream that it has not read.";
    if (d->about && !has_read(p, d->about))
        d->broken = "It is about a stream that it has not read.";
}

/* Decides one command anew, on the states as they are now. */
static void decide(struct state_cache *cache, struct pending *p, const struct decision *before)
{
    struct cached *own = state_cache_get(cache, p->stream);
    struct decision *d = &p->decision;
    decision_release(d);
    *d = (struct decision){.arena = p->arena, .version = own ? own->version : 0};
    add_reads(cache, p, before);
    if (!own)
        d->broken = "It decides on a stream of a kind that no rule decides on.";
    if (!d->broken) {
        p->problem = is_readable(cache, p) ? own->decider->decide(own->state, &p->command, d)
                                           : UNREADABLE_EVENT;
        check_streams(p);
    }
    p->anonymous = d->anonymous;
    p->decided = !d->broken && p->problem != NEEDS_STREAM && p->problem != UNREADABLE_EVENT;
    if (!p->problem && d->anonymous && p->together)
        p->problem = NOT_TOGETHER;
    if (d->broken)
        p->problem = RULE_BROKEN;
    else if (!p->problem)
        p->problem = recorded_write(p);
}

static bool needs_stream(const struct pending *p)
{
    return p->outcome == OPEN && p->problem == NEEDS_STREAM;
}

/* Rules that ask for one more stream get it, all of them by one more query a round. One round more
 * than they may read: in the last one, who still asks is refused. */
static fallible decide_all(struct store *store, struct state_cache *cache, struct batch *b)
{
    for (int i = 0; i < b->count; i++)
        if (b->at[i]->outcome == OPEN)
            decide(cache, b->at[i], NULL);
    for (int round = 0; round <= READS_MAX; round++) {
        struct missing m = {.count = 0};
        bool asked = false;
        for (int i = 0; i < b->count; i++)
            if (needs_stream(b->at[i])) {
                asked = true;
                want(cache, &m, b->at[i]->decision.needs);
            }
        if (!asked)
            return NULL;
        TRY(load(store, cache, &m));
        for (int i = 0; i < b->count; i++)
            if (needs_stream(b->at[i])) {
                struct decision before = b->at[i]->decision;
                b->at[i]->decision.answer = (struct text){0}; /* released through `before` */
                decide(cache, b->at[i], &before);
                decision_release(&before);
            }
    }
    return NULL;
}

fallible batch_commit(struct store *store, struct state_cache *cache, struct batch *b,
                      void (*defer)(void *arg, const char *stream, struct pending *p), void *arg)
{
    TRY(load_missing(store, cache, b));
    TRY(decide_all(store, cache, b));
    return batch_append(store, cache, b, defer, arg);
}
