/* decider.h -- who decides on the streams of a kind, and how their state is folded. */
#pragma once

#include "events/command.h"

struct decision;

/* An aggregate: how its state begins, folds and decides. */
struct decider {
    const char *name; /* kind of its streams, the part before the dash */
    size_t state_size;
    /* It has happened, so it cannot fail. The state is zeroed before its first event; texts that
     * are kept are copied into `a`, which lives as long as the state. */
    void (*evolve)(void *state, const struct event *e, struct arena *a);
    /* NULL and what was emitted; a refusal, its fault in `out`; NEEDS_STREAM, see read_state. */
    fallible (*decide)(const void *state, const struct command *c, struct decision *out);
    /* Gives members of the body that were left out their defaults and sorts names: two that mean
     * the same are the same afterwards. NULL: there is nothing to do. */
    void (*complete)(struct command *c);
    /* What the rule needs besides of what may be another tomorrow, such as the rules of a time zone
     * of a library: made in `a` when the command is completed, c->prepared. NULL: nothing. */
    const void *(*prepare)(const struct command *c, struct arena *a);
};

#define DECIDER_OF(name, complete, prepare)    \
    const struct decider name##_decider[1] = { \
        {#name, sizeof(struct name), name##_evolve, name##_decide, complete, prepare}}
#define DECIDER(name)            DECIDER_OF(name, NULL, NULL)
#define COMPLETING_DECIDER(name) DECIDER_OF(name, name##_complete, NULL)
#define PREPARING_DECIDER(name)  DECIDER_OF(name, NULL, name##_prepare)

/* A row of streams.def. */
struct stream_kind {
    const char *kind, *category;
    const struct decider *decider;
    bool authored; /* who commands may be an anonymous author: an AUTHORED_STREAM */
};
extern const struct stream_kind stream_kinds[]; /* ended by a NULL kind */

/* Is it "<kind>-…" of a row? And the decider of such a stream; NULL: it is not. */
bool is_stream(const char *stream);
const struct decider *stream_decider(const char *stream);
bool is_stream_category(const char *category);

/* Whether the actor may be an anonymous author, whom nothing may name. Until a rule has said so of
 * a command it counts as one. */
bool command_may_be_anonymous(int type);

/* First of all. The body's texts must be its own, see `complete`; `a` outlives the decision. */
void command_complete(struct command *c, struct arena *a);
