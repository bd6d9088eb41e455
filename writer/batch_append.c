/* batch_append.c -- the decided commands of a batch become one append, and its outcomes theirs. */
#include "writer/batch_append.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "base/planted.h"
#include "writer/recorded.h"
#include "base/banned.h"

enum { STREAMS_MAX = 2 + EMITTED_MAX + READS_MAX };

/* ---- append ---- */

struct streams {
    struct append_stream at[STREAMS_MAX];
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
    for (int i = 0; i < d->read_count; i++)
        add_stream(cache, &s, d->reads[i].stream, false);
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
    struct append_event *events = arena_array(p->arena, EMITTED_MAX, sizeof(*events));
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

/* The version that the answer tells is that of the stream it is about, as it is after this command,
 * whatever else the command writes; the position is that of its last event, or without one that of
 * the stream. */
static void about(struct state_cache *cache, const struct pending *p, struct append *c)
{
    const struct decision *d = &p->decision;
    const char *stream = d->about ? d->about : p->stream;
    if (PLANTED(VERSION_OF_THE_LAST_EVENT) && d->emitted_count)
        stream = d->emitted[d->emitted_count - 1].stream;
    const struct cached *s = state_cache_get(cache, stream);
    c->version = s->version;
    c->position = s->position;
    for (int i = 0; !p->problem && i < d->emitted_count; i++)
        c->version += text_equal(d->emitted[i].stream, stream);
}

static const char *key_of(const struct pending *p)
{
    if (!p->anonymous)
        return p->key;
    char *key = arena_alloc(p->arena, DIGEST_TEXT);
    command_key(p->secret, p->client_key, p->command.actor.pseudonym, key);
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
        c.not_before = p->decision.not_before;
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

/* The names lie in the states, and two commands may have read the same one: all are copied before
 * the first state goes. */
static void forget_stale(struct state_cache *cache, const struct append *appends, int count,
                         struct arena *a)
{
    const char **names = arena_array(a, (size_t)count * STREAMS_MAX, sizeof(*names));
    int named = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; appends[i].outcome == STALE && k < appends[i].stream_count; k++)
            names[named++] = arena_text(a, appends[i].streams[k].name);
    for (int i = 0; i < named; i++)
        state_cache_drop(cache, names[i]);
}

static void apply_outcome(struct pending *p, const struct append *c)
{
    p->outcome = c->outcome;
    /* Of EARLY, too: what was sent and lost may arrive yet, and then its moment may have come. */
    p->may_be_done =
        p->may_be_done && (c->outcome == OPEN || c->outcome == STALE || c->outcome == EARLY);
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
    case OUTCOME_KEY_REUSED:
        p->problem = KEY_REUSED;
        p->fault = (struct fault){.field = "Idempotency-Key"};
        break;
    case EARLY: p->problem = TOO_EARLY; break;
    case STALE: p->outcome = OPEN; break;
    case COMMITTED:
    case CHECKED:
    case OPEN: break;
    }
}

/* It has read and written no more than its row declares: the batch was put together by that. */
static bool is_as_declared(const struct pending *p)
{
    const struct decision *d = &p->decision;
    bool as_declared = d->read_count <= p->declared_count;
    for (int i = 0; as_declared && i < d->emitted_count; i++)
        as_declared = text_equal(d->emitted[i].stream, p->stream);
    return as_declared;
}

static const char *find_conflict(const struct streams *all, int count)
{
    const char *stream = NULL;
    for (int i = 0; i < count && !stream; i++)
        stream = shared(&all[i], &all[count]);
    return stream;
}

/* Those of the batch that go into the append, and what all that are open touch. */
struct selection {
    struct streams streams[BATCH_MAX]; /* of all, in their order */
    int touching;
    struct append appends[BATCH_MAX];
    struct pending *whose[BATCH_MAX];
    int count;
};

/* There is no version to confirm. */
static bool is_refused_at_once(struct pending *p)
{
    if (p->problem == RULE_BROKEN)
        log_error("a rule asked for what it may not: the command was refused",
                  KV("command", command_name(p->command.type)), KV("stream", p->stream),
                  KV("reason", p->decision.broken));
    return p->problem == RULE_BROKEN || p->problem == UNREADABLE_EVENT;
}

/* Nobody overtakes an earlier one, not even one that is deferred: all that are open are compared.
 */
static void select_independent(struct state_cache *cache, struct batch *b, struct selection *s,
                               void (*defer)(void *arg, const char *stream, struct pending *p),
                               void *arg)
{
    int kept = 0;
    bool as_declared = true;
    for (int i = 0; i < b->count; i++) {
        struct pending *p = b->at[i];
        const char *conflict = NULL;
        struct streams *streams = &s->streams[s->touching];
        bool open = p->outcome == OPEN;
        if (open && is_refused_at_once(p))
            p->outcome = CHECKED;
        else if (open) {
            *streams = streams_of(cache, p);
            as_declared = as_declared && is_as_declared(p);
            conflict = as_declared ? NULL : find_conflict(s->streams, s->touching);
            s->touching++;
        }
        if (conflict) {
            defer(arg, conflict, p);
            continue;
        }
        b->at[kept++] = p;
        if (p->outcome != OPEN)
            continue;
        s->appends[s->count] = append_of(p, cache, streams);
        s->whose[s->count++] = p;
    }
    b->count = kept;
}

static fallible append_selected(struct store *store, struct selection *s, struct arena *a)
{
    if (!s->count)
        return NULL;
    FAILPOINT(APPEND_BEFORE);
    const struct problem *problem = store_append(store, s->appends, s->count, a);
    for (int i = 0; i < s->count; i++)
        if (problem == STORE_UNAVAILABLE)
            s->whose[i]->may_be_done = true;
    TRY(problem);
    FAILPOINT(APPEND_AFTER);
    return NULL;
}

fallible batch_append(struct store *store, struct state_cache *cache, struct batch *b,
                      void (*defer)(void *arg, const char *stream, struct pending *p), void *arg)
{
    scoped_arena a = {0};
    struct selection s;
    s.touching = s.count = 0; /* the rest is large, and set as far as it is used */
    select_independent(cache, b, &s, defer, arg);
    TRY(append_selected(store, &s, &a));
    /* before any state is dropped: events borrow texts from states */
    for (int i = 0; i < s.count; i++)
        if (s.appends[i].outcome == COMMITTED)
            fold(cache, s.whose[i], &s.appends[i]);
    for (int i = 0; i < s.count; i++)
        apply_outcome(s.whose[i], &s.appends[i]);
    forget_stale(cache, s.appends, s.count, &a);
    return NULL;
}
