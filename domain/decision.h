/* decision.h -- what a decider is given and what it says: pure, no I/O, no clock, no randomness. */
#pragma once

#include "domain/command.h"

struct decision;

/* An aggregate: how its state begins, folds and decides. */
struct decider {
    const char *name; /* kind of its streams, the part before the dash */
    size_t state_size;
    /* It has happened, so it cannot fail. The state is zeroed before its first event; texts that
     * are kept are copied into `a`, which lives as long as the state. */
    void (*evolve)(void *state, const struct event *e, struct arena *a);
    /* NULL and what was emitted, or a refusal with its fault in `out`. NEEDS_STREAM: see `look`. */
    fallible (*decide)(const void *state, const struct command *c, struct decision *out);
};

#define DECIDER(name)                          \
    const struct decider name##_decider[1] = { \
        {#name, sizeof(struct name), name##_fold, name##_rule}}
extern const struct decider report_decider[1], vote_decider[1], category_decider[1];

/* The decider of a command; of the streams that have one, by name ("report-…"), else NULL. */
const struct decider *command_decider(enum command_type type);
const struct decider *stream_decider(const char *stream);

enum { MAX_EMITTED = 8, MAX_LOOKED = 8 };

struct emitted {
    const char *stream, *category; /* copied */
    struct event event;            /* texts are borrowed from the command or the states */
    const char *data;              /* the event as JSON, set by decision_write */
};

/* One stream whose state the rule has seen; `state` NULL means: not loaded. */
struct looked {
    const char *stream;
    const void *state;
};

struct decision {
    struct arena *arena; /* for texts made while deciding; outlives the append */
    int64_t version;     /* of the command's own stream, set by the caller; 0: new */
    struct emitted emitted[MAX_EMITTED];
    int emitted_count;
    struct looked looked[MAX_LOOKED]; /* filled by the caller before deciding, as far as known */
    int looked_count;
    char needs[STREAM_TEXT]; /* with NEEDS_STREAM: load this one and ask again */
    const char *about;   /* stream whose version an answer without event carries; NULL: its own */
    struct text answer;  /* JSON members of the answer: "\"report_id\":\"…\"" */
    struct fault fault;  /* of a refusal */
    const char *allowed; /* of ILLEGAL_MOVE: the statuses it may move to, as a JSON array */
    bool anonymous;      /* the actor is an anonymous author: nothing may name him */
};

/* Not an answer but a question: load decision.needs and ask again. */
extern const struct problem NEEDS_STREAM[1];

void decision_release(struct decision *d);

/* Writes what was emitted, in the decision's arena. UNWRITABLE_EVENT: one of them could not be read
 * again; *type is its name, *fault says what is wrong with it. */
fallible decision_write(struct decision *d, const char **type, struct fault *fault);

/* ---- for rules ---- */

void emit(struct decision *out, const char *stream, const char *category, struct event e);
void answer(struct decision *out, const char *name, const char *value);
/* State of another stream, or NEEDS_STREAM if the caller has not loaded it yet. */
fallible look(struct decision *out, const char *stream, const void **state);
const struct problem *refuse(struct decision *out, const struct problem *p, const char *field,
                             const char *detail);
/* VERSION_MISMATCH when the command's If-Match does not name the version the stream is at, or its
 * If-None-Match does. */
fallible check_version(const struct command *c, struct decision *out);
