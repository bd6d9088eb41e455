/* problem.h -- how this system says no. A problem is a constant: compare by address.
 * `kind` decides the HTTP status, in platform/http and nowhere else. */
#pragma once

#include "base/language.h"

enum problem_kind {
    INVALID,         /* 400 */
    UNAUTHENTICATED, /* 401 */
    FORBIDDEN,       /* 403 */
    MISSING,         /* 404 */
    NOT_ALLOWED,     /* 405 */
    TIMED_OUT,       /* 408: the request did not arrive whole in time */
    CONFLICT,        /* 409 */
    PRECONDITION,    /* 412 */
    TOO_LARGE,       /* 413 */
    MISDIRECTED,     /* 421: another service answers this */
    MISMATCH,        /* 422 */
    BUSY,            /* 503: nothing was done */
    UNAVAILABLE,     /* 503: the outcome may be unknown, repeat with the same key */
    BROKEN,          /* 500 */
};

struct problem {
    const char *name;  /* stable: the API's `type`, the log word, the metric label */
    const char *title; /* one sentence for a human, in English: for logs and operators */
    enum problem_kind kind;
    const char *title_id; /* the same in Indonesian */
};

#define PROBLEM(NAME, KIND, TITLE, TITLE_ID) extern const struct problem NAME[1];
#include "base/problems.def"
#undef PROBLEM

/* The sentence in that language. */
const char *problem_title(const struct problem *p, enum text_language language);

/* What a function returns that can fail: NULL, or the reason. Ignoring it does not compile. */
#define fallible __attribute__((warn_unused_result)) const struct problem *

/* Pass a problem up unchanged. Safe because locals clean up after themselves. */
#define TRY(call)                          \
    do {                                   \
        const struct problem *p_ = (call); \
        if (p_)                            \
            return p_;                     \
    } while (0)

/* A sentence for people. %s stands for the same texts in the same order in each language. */
struct sentence {
    const char *in[LANGUAGES];
};

/* What a refusal may add to its problem; all texts may be NULL and belong to the caller's arena
 * or are constant. */
struct fault {
    const char *field;     /* the member, parameter or header at fault, "location.latitude" */
    const char *detail;    /* a sentence, in English: what was expected, what is allowed */
    const char *detail_id; /* the same in Indonesian; NULL: there is none */
};

/* The sentence in that language, or else in English; `f` may be NULL. */
const char *fault_detail(const struct fault *f, enum text_language language);

/* Fills `f` and returns `p`, so that a refusal is one statement. `f` may be NULL. */
const struct problem *fault_at(struct fault *f, const struct problem *p, const char *field,
                               const char *detail);

/* What the API calls it, "/problems/no-such-route"; returns `out`. */
enum { PROBLEM_TYPE = 64 }; /* bytes, with the NUL */
const char *problem_type(const struct problem *p, char out[PROBLEM_TYPE]);
