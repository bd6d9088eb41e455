/* dispatching.h -- the folded state of one dispatch, which sends a patrol to a report, and its
 * moves. What they mean for the report, which this knows only by its id, is told there. */
#pragma once

#include "features/patrol/patrol.h"

struct dispatch {
    const char *id; /* NULL: there is no such dispatch */
    const char *report_id, *patrol_id;
    const char *agency; /* of the patrol */
    enum dispatch_status status;
    bool exclusive;
    int64_t due_at, answer_by;       /* us; 0: none */
    int64_t round;                   /* 1: the first patrol that is asked */
    bool recommended;                /* it was made without naming a patrol */
    const char *replaces;            /* the dispatch before it; NULL: none */
    const char *replaced_by;         /* NULL: none */
    const struct shape_list *skills; /* that were asked for; NULL: none */
    const char *within;              /* of patrols of this agency; NULL: of any */
    bool unfilled;
};

/* OFFERED, ACCEPTED, ARRIVED: the patrol is on it. */
bool is_active(enum dispatch_status s);
/* Neither active nor RESERVED: nothing leads out of it. */
bool has_ended(enum dispatch_status s);

void stream_of_dispatch(const char *dispatch_id, char out[STREAM_TEXT]);
/* May ask for the stream; (*d)->id NULL: there is none. */
fallible read_dispatch(const char *dispatch_id, struct decision *out, const struct dispatch **d);

struct dispatch_move {
    enum dispatch_status to;
    enum dispatch_side by;
    const char *reason; /* NULL: none */
    int64_t answer_by;  /* of an offer */
    int64_t now;
};
/* ILLEGAL_DISPATCH_MOVE, listing what is allowed to that side. */
fallible must_lead_to(const struct dispatch *d, const struct dispatch_move *m,
                      struct decision *out);
/* Tells the move on the dispatch's stream and on that of the patrol, if that changes. */
void move_dispatch(const struct dispatch *d, const struct patrol *p, const struct dispatch_move *m,
                   struct decision *out);
/* The first event of a dispatch, RESERVED or OFFERED, and what it does to the patrol. */
void create_dispatch(const struct DispatchCreated *e, const struct patrol *p, struct decision *out);

/* The fold of dispatch-<id>, for its decider. */
void dispatch_evolve(void *state, const struct event *e, struct arena *a);
