/* decision.h -- what a decider is given and what it says: pure, no I/O, no clock, no randomness. */
#pragma once

#include "events/command.h"
#include "events/problems.h"

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
};
extern const struct stream_kind stream_kinds[]; /* ended by a NULL kind */

/* Is it "<kind>-…" of a row? And the decider of such a stream; NULL: it is not. */
bool is_stream(const char *stream);
const struct decider *stream_decider(const char *stream);
bool is_stream_category(const char *category);

/* First of all. The body's texts must be its own, see `complete`; `a` outlives the decision. */
void command_complete(struct command *c, struct arena *a);

enum { EMITTED_MAX = 8, READS_MAX = 8 };

struct emitted {
    const char *stream, *category; /* copied */
    struct event event;            /* texts are borrowed from the command or the states */
    const char *data;              /* the event as JSON, set by decision_write */
};

/* One stream that the rule reads besides its own; `state` NULL means: not loaded. */
struct state_read {
    const char *stream;
    const void *state;
};

struct decision {
    struct arena *arena; /* for texts made while deciding; outlives the append */
    int64_t version;     /* of the command's own stream, set by the caller; 0: new */
    struct emitted emitted[EMITTED_MAX];
    int emitted_count;
    struct state_read reads[READS_MAX]; /* filled by the caller before deciding, as far as known */
    int read_count;
    char needs[STREAM_TEXT]; /* with NEEDS_STREAM: load this one and ask again */
    const char *about;       /* stream it has read whose version the answer shows; NULL: its own */
    int64_t not_before;      /* us, by the clock that stamps the events; 0: whenever */
    struct text answer;      /* JSON members of the answer: "\"report_id\":\"…\"" */
    struct fault fault;      /* of a refusal */
    const char *members;     /* of a refusal: JSON members its problem has besides; NULL: none */
    const char *broken;      /* the rule did what it may not: a sentence; NULL: it did not */
    bool anonymous;          /* the actor is an anonymous author: nothing may name them */
};

/* Not an answer but a question: load decision.needs and ask again. */
extern const struct problem NEEDS_STREAM[1];

void decision_release(struct decision *d);

/* Writes what was emitted, in the decision's arena. UNWRITABLE_EVENT: one of them could not be read
 * again; *type is its name, *fault says what is wrong with it. */
fallible decision_write(struct decision *d, const char **type, struct fault *fault);

/* ---- for rules ---- */

/* To the command's own stream or one it has read, EMITTED_MAX times at most; else `broken`. */
void emit(struct decision *out, const char *stream, const char *category, struct event e);
/* Before the moment nothing is stored: TOO_EARLY. The latest counts; a refusal waits for none. */
void emit_not_before(struct decision *out, int64_t moment);
void answer(struct decision *out, const char *name, const char *value);
/* State of another stream, or NEEDS_STREAM if the caller has not loaded it yet. */
fallible read_state(struct decision *out, const char *stream, const void **state);
const struct problem *refuse(struct decision *out, const struct problem *p, const char *field,
                             const char *detail);
/* VERSION_MISMATCH: If-Match does not name the version of the stream, or If-None-Match does. */
fallible check_version(const struct command *c, struct decision *out);
