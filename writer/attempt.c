/* attempt.c -- the heart of the writer. Straight-line: load, decide, append, fold. */
#include "writer/attempt.h"

#include "base/failpoint.h"
#include "writer/recorded.h"
#include "base/banned.h"

enum { MAX_STREAMS = 2 + MAX_EMITTED + MAX_LOOKED };

/* ---- load ---- */

struct names {
    const char *at[BATCH_MAX * 3];
    int count;
};

static void want(struct state_cache *cache, struct names *n, const char *stream)
{
    if (*stream && !state_cache_get(cache, stream)) {
        state_cache_make(cache, stream);
        n->at[n->count++] = stream;
    }
}

/* One query for all of them. A stream that cannot be read stays at version -1: whoever needs it
 * is told so, the others go on. */
static fallible load(struct store *store, struct state_cache *cache, struct names *n)
{
    scoped_arena a = {0};
    struct event_page page;
    struct event e;
    if (!n->count)
        return NULL;
    const struct problem *p = store_load(store, n->at, n->count, &a, &page);
    if (p) {
        for (int i = 0; i < n->count; i++)
            state_cache_drop(cache, n->at[i]);
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
    struct names n = {.count = 0};
    for (int i = 0; i < b->count; i++) {
        struct pending *p = b->at[i];
        if (p->outcome != OPEN)
            continue;
        if (command_creates(p->command.type))
            state_cache_make(cache, p->stream); /* a new id: nothing to load */
        else
            want(cache, &n, p->stream);
        want(cache, &n, p->sees);
    }
    return load(store, cache, &n);
}

/* ---- decide ---- */

static bool is_readable(struct state_cache *cache, const struct pending *p)
{
    bool readable = state_cache_get(cache, p->stream)->version >= 0;
    for (int i = 0; readable && i < p->decision.looked_count; i++)
        readable = state_cache_get(cache, p->decision.looked[i].stream)->version >= 0;
    return readable;
}

static void add_looked(struct state_cache *cache, struct pending *p, const char *stream)
{
    struct cached *s = state_cache_get(cache, stream);
    if (p->decision.looked_count == MAX_LOOKED)
        abort(); /* a rule that looks at more than it may is a bug */
    p->decision.looked[p->decision.looked_count++] = (struct looked){s->stream, s->state};
}

/* Decides one command anew, on the states as they are now. */
static void decide(struct state_cache *cache, struct pending *p, const struct decision *before)
{
    struct cached *s = state_cache_get(cache, p->stream);
    decision_release(&p->decision);
    p->decision = (struct decision){.arena = p->arena, .version = s->version};
    if (*p->sees)
        add_looked(cache, p, p->sees);
    for (int i = 0; before && i < before->looked_count; i++)
        if (!text_equal(before->looked[i].stream, p->sees))
            add_looked(cache, p, before->looked[i].stream);
    if (before && *before->needs)
        add_looked(cache, p, before->needs);
    p->problem = is_readable(cache, p) ? s->decider->decide(s->state, &p->command, &p->decision)
                                       : UNREADABLE_EVENT;
    p->anonymous = p->decision.anonymous;
    if (!p->problem)
        p->problem = recorded_write(p);
}

/* Rules that ask for one more stream get it, all of them by one more query a round. */
static fallible decide_all(struct store *store, struct state_cache *cache, struct batch *b)
{
    for (int i = 0; i < b->count; i++)
        if (b->at[i]->outcome == OPEN)
            decide(cache, b->at[i], NULL);
    for (int round = 0; round < MAX_LOOKED; round++) {
        struct names n = {.count = 0};
        bool asked = false;
        for (int i = 0; i < b->count; i++)
            if (b->at[i]->outcome == OPEN && b->at[i]->problem == NEEDS_STREAM) {
                asked = true;
                want(cache, &n, b->at[i]->decision.needs);
            }
        if (!asked)
            return NULL;
        TRY(load(store, cache, &n));
        for (int i = 0; i < b->count; i++)
            if (b->at[i]->outcome == OPEN && b->at[i]->problem == NEEDS_STREAM) {
                struct decision before = b->at[i]->decision;
                b->at[i]->decision.answer = (struct text){0}; /* released through `before` */
                decide(cache, b->at[i], &before);
                decision_release(&before);
            }
    }
    return NULL;
}

/* ---- append ---- */

struct streams {
    struct append_stream at[MAX_STREAMS];
    int count;
};

static int add_stream(struct state_cache *cache, struct streams *s, const char *name, bool written)
{
    int i = 0;
    while (i < s->count && !text_equal(s->at[i].name, name))
        i++;
    if (i == s->count) {
        const struct cached *c = state_cache_get(cache, name);
        s->at[s->count++] = (struct append_stream){c->stream, c->version, false};
    }
    s->at[i].written |= written;
    return i;
}

static struct streams streams_of(struct state_cache *cache, const struct pending *p)
{
    struct streams s = {.count = 0};
    const struct decision *d = &p->decision;
    add_stream(cache, &s, p->stream, false);
    for (int i = 0; i < d->looked_count; i++)
        add_stream(cache, &s, d->looked[i].stream, false);
    for (int i = 0; !p->problem && i < d->emitted_count; i++)
        add_stream(cache, &s, d->emitted[i].stream, true);
    return s;
}

/* A stream both touch and one of them writes, else NULL. */
static const char *shared(const struct streams *a, const struct streams *b)
{
    for (int i = 0; i < a->count; i++)
        for (int k = 0; k < b->count; k++)
            if ((a->at[i].written || b->at[k].written) && text_equal(a->at[i].name, b->at[k].name))
                return a->at[i].name;
    return NULL;
}

static const char *actor_of(const struct pending *p)
{
    const struct actor *a = &p->command.actor;
    if (a->role == SYSTEM)
        return "system";
    if (!a->user_id)
        return "anonymous";
    return p->anonymous ? a->pseudonym : a->user_id;
}

static const struct append_event *events_of(struct pending *p, struct state_cache *cache,
                                            struct streams *s)
{
    const struct decision *d = &p->decision;
    struct append_event *events = arena_array(p->arena, MAX_EMITTED, sizeof(*events));
    const char *meta = d->emitted_count ? recorded_meta(p) : NULL;
    for (int i = 0; i < d->emitted_count; i++) {
        const struct emitted *e = &d->emitted[i];
        char id[UUID_TEXT];
        events[i] = (struct append_event){
            .stream = add_stream(cache, s, e->stream, true),
            .category = e->category,
            .id = arena_text(p->arena, uuid_new(id)),
            .type = event_name(e->event.type),
            .schema = event_version(e->event.type),
            .data = e->data,
            .meta = meta,
        };
    }
    return events;
}

/* Version and position an answer without events carries: those of the stream it is about. */
static void about(struct state_cache *cache, const struct pending *p, struct append *c)
{
    const char *stream = p->decision.about ? p->decision.about : p->stream;
    const struct cached *s = state_cache_get(cache, stream);
    c->version = s->version;
    c->position = s->position;
}

static const char *key_of(const struct pending *p)
{
    if (!p->anonymous)
        return p->key;
    char *key = arena_alloc(p->arena, HASH_TEXT);
    store_hash(p->secret, (const char *const[]){p->client_key, p->command.actor.pseudonym}, 2, key);
    return key;
}

static struct append append_of(struct pending *p, struct state_cache *cache, struct streams *s)
{
    struct append c = {
        .actor = actor_of(p),
        .key = key_of(p),
        .digest = p->digest,
        .status = p->problem ? 400 : p->success,
        .body = p->problem ? "" : arena_text(p->arena, text_value(&p->decision.answer)),
        .streams = s->at,
    };
    about(cache, p, &c);
    if (!p->problem) {
        c.events = events_of(p, cache, s);
        c.event_count = p->decision.emitted_count;
    }
    c.stream_count = s->count;
    return c;
}

/* ---- afterwards ---- */

static void fold(struct state_cache *cache, const struct pending *p, const struct append *c)
{
    int64_t position = c->position - c->event_count;
    for (int i = 0; i < p->decision.emitted_count; i++) {
        const struct emitted *e = &p->decision.emitted[i];
        cached_fold(state_cache_get(cache, e->stream), &e->event, ++position);
    }
}

/* The names lie in the states, and two commands may have seen the same one: all are copied before
 * the first state goes. */
static void forget_stale(struct state_cache *cache, const struct append *appends, int count,
                         struct arena *a)
{
    const char **names = arena_array(a, (size_t)count * MAX_STREAMS, sizeof(*names));
    int named = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; appends[i].outcome == STALE && k < appends[i].stream_count; k++)
            names[named++] = arena_text(a, appends[i].streams[k].name);
    for (int i = 0; i < named; i++)
        state_cache_drop(cache, names[i]);
}

static void settle(struct pending *p, const struct append *c)
{
    p->outcome = c->outcome;
    p->status = c->status;
    p->version = c->version;
    p->position = c->position;
    p->body = c->body;
    p->fault = p->decision.fault;
    p->members = p->decision.members;
    decision_release(&p->decision); /* by who made it: cheaper than at the other thread */
    switch (c->outcome) {
    case REPLAYED:
        p->problem = NULL;
        p->body = arena_text(p->arena, c->replayed_body);
        break;
    case WRONG_KEY:
        p->problem = KEY_REUSED;
        p->fault = (struct fault){.field = "Idempotency-Key"};
        break;
    case STALE: p->outcome = OPEN; break;
    case COMMITTED:
    case CHECKED:
    case OPEN: break;
    }
}

/* A rule that has seen and written what its row says: the batch was put together with that in mind.
 */
static bool is_as_foreseen(const struct pending *p)
{
    const struct decision *d = &p->decision;
    bool foreseen = d->looked_count <= (*p->sees ? 1 : 0);
    for (int i = 0; foreseen && i < d->emitted_count; i++)
        foreseen = text_equal(d->emitted[i].stream, p->stream);
    return foreseen;
}

static const char *find_conflict(const struct streams *all, int count)
{
    const char *stream = NULL;
    for (int i = 0; i < count && !stream; i++)
        stream = shared(&all[i], &all[count]);
    return stream;
}

/* Puts the commands of the batch that do not depend on each other into one append. */
static fallible append_all(struct store *store, struct state_cache *cache, struct batch *b,
                           void (*defer)(void *arg, const char *stream, struct pending *p),
                           void *arg)
{
    struct streams streams[BATCH_MAX];
    struct append appends[BATCH_MAX];
    struct pending *whose[BATCH_MAX];
    scoped_arena a = {0};
    int count = 0, kept = 0;
    bool foreseen = true;
    for (int i = 0; i < b->count; i++) {
        struct pending *p = b->at[i];
        const char *conflict = NULL;
        if (p->outcome == OPEN && p->problem == UNREADABLE_EVENT)
            p->outcome = CHECKED; /* there is no version to confirm */
        if (p->outcome == OPEN) {
            streams[count] = streams_of(cache, p);
            foreseen = foreseen && is_as_foreseen(p);
            conflict = foreseen ? NULL : find_conflict(streams, count);
        }
        if (conflict) {
            defer(arg, conflict, p);
            continue;
        }
        b->at[kept++] = p;
        if (p->outcome != OPEN)
            continue;
        appends[count] = append_of(p, cache, &streams[count]);
        whose[count++] = p;
    }
    b->count = kept;
    if (count) {
        FAILPOINT(APPEND_BEFORE);
        TRY(store_append(store, appends, count, &a));
        FAILPOINT(APPEND_AFTER);
    }
    for (int i = 0; i < count;
         i++) /* before any state is dropped: events borrow texts from states */
        if (appends[i].outcome == COMMITTED)
            fold(cache, whose[i], &appends[i]);
    for (int i = 0; i < count; i++)
        settle(whose[i], &appends[i]);
    forget_stale(cache, appends, count, &a);
    return NULL;
}

fallible attempt(struct store *store, struct state_cache *cache, struct batch *b,
                 void (*defer)(void *arg, const char *stream, struct pending *p), void *arg)
{
    TRY(load_missing(store, cache, b));
    TRY(decide_all(store, cache, b));
    return append_all(store, cache, b, defer, arg);
}
