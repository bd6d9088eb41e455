/* report.h -- the folded state of one citizen report, for the rules that look at it. */
#pragma once

#include "features/patrol/dispatching.h"

/* An agency that owns the report or has owned it. */
struct report_agency {
    const char *code;
    bool acknowledged; /* it has said that it has seen the report */
    struct report_agency *former;
};

struct report_question {
    const char *id;
    bool answered;
    struct report_question *earlier;
};

struct merged_report {
    const char *id;
    struct merged_report *earlier;
};

/* A level of one of its clocks that has fired. */
struct report_firing {
    const char *clock, *level;
    struct report_firing *earlier;
};
enum { FIRINGS_MAX = 512 }; /* of one report: then no level fires any more */

/* A dispatch to it that has not ended. */
struct report_dispatch {
    const char *id, *patrol_id;
    enum dispatch_status status;
    struct report_dispatch *earlier;
};
enum { REPORT_DISPATCHES_MAX = 8 };

struct report {
    const char *id; /* NULL: there is no such report */
    enum status status;
    enum visibility visibility;
    enum category_kind kind; /* of its category when it was filed or edited last */
    const char *category, *owner_agency;
    const char *reporter;  /* user id; NULL for anonymous reports and those without author */
    const char *pseudonym; /* of an anonymous author */
    int64_t changed;       /* us: last change of its status */
    const char *content;
    const struct Place *location; /* NULL: none */
    const int64_t *occurred_at;   /* us; NULL: not said */
    enum priority priority;
    bool priority_set;              /* by an officer: votes no longer raise it */
    const char *assignee;           /* user id; NULL: nobody */
    struct report_agency *agencies; /* the owning one first, then the former ones */
    struct report_question *questions;
    int question_count;
    const char *merged_into;      /* the report it is the same as; NULL: none */
    struct merged_report *merged; /* what is merged into it, the newest first */
    int merged_count;
    struct report_firing *fired;
    int fired_count;
    struct report_dispatch *dispatches;
    int dispatch_count;
    enum status before_dispatch; /* its status before the first of those that are active */
};

bool is_author(const struct report *r, const struct actor *a);
/* Officer or supervisor of the owning agency, or an admin. */
bool is_officer_of(const struct report *r, const struct actor *a);
/* The report that the path names, into a decision about it: NEEDS_STREAM as read_state. Whether the
 * actor may know of it is for the rule to ask. */
fallible read_report(const struct command *c, struct decision *out, const struct report **r);
/* The report of that id, into a decision about something else. */
fallible read_report_of(const char *id, struct decision *out, const struct report **r);
/* May the actor know that the report exists? Contract: what one may not see is missing. */
bool may_see(const struct report *r, const struct actor *a);
/* NULL for an officer of the owning agency; NOT_OWNING for one of a former agency, which reads the
 * case and no longer changes it; NO_SUCH_REPORT for all others: a case is there for its agency
 * alone, also if somebody of another one wrote the report. */
fallible must_own_case(const struct report *r, const struct actor *a);
/* The actor is the author of an anonymous report: nothing may name them. */
bool is_anonymous_author(const struct report *r, const struct actor *a);
/* Refuses what is not done with a report that is merged into another one, and names that one; not
 * to the author of a hidden report, who may not know of another one's. */
fallible must_not_be_merged(const struct report *r, const struct actor *a, struct decision *out);
/* A level of a clock fires once, whatever else was kept of it: this alone decides. */
bool may_fire(const struct report *r, const char *clock, const char *level);
/* CLOSED and WITHDRAWN: nothing leads out of them. */
bool is_final(const struct report *r);

/* Category of a report's stream: decides its Redis key and who may read it. */
const char *report_category(enum visibility v);

void stream_of_report(const char *report_id, char out[STREAM_TEXT]);
