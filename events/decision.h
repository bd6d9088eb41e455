/* decision.h -- what a decider is given and what it says: pure, no I/O, no clock, no randomness. */
#pragma once

#include "events/decider.h"
#include "events/problems.h"

/* As many as the end of a report with all its dispatches takes: each is a stream, and so is its
 * patrol. */
enum { EMITTED_MAX = 24, READS_MAX = 24 };

struct emitted {
    const char *stream, *category; /* copied */
    struct event event;            /* texts are borrowed from the command or the states */
    const char *data;              /* the event as JSON, set by decision_write */
};

/* One stream that the rule reads besides its own; `state` NULL means: not loaded. */
struct state_read {
    const char *stream;
    const void *state;
    int64_t version; /* 0: the stream does not exist */
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
/* The same of its version. */
fallible read_stream_version(struct decision *out, const char *stream, int64_t *version);
const struct problem *refuse(struct decision *out, const struct problem *p, const char *field,
                             const char *detail);
/* The same in each language; behind `s` come the texts of its %s. */
const struct problem *refuse_saying(struct decision *out, const struct problem *p,
                                    const char *field, const struct sentence *s, ...);
/* VERSION_MISMATCH: If-Match does not name the version of the stream, or If-None-Match does. */
fallible check_version(const struct command *c, struct decision *out);
