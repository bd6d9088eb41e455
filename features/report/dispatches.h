/* dispatches.h -- what sending patrols does to a report. Report, patrol and dispatch are told in
 * one decision, so that none of them disagrees with another. */
#pragma once

#include "features/report/report.h"

/* Is the patrol on a dispatch to it that is active? */
bool is_sent_to(const struct report *r, const char *patrol_id);

/* A request to send a patrol, by one who may. */
struct sending {
    const char *dispatch_id; /* new; its stream is the command's own or has been read */
    const struct patrol *patrol;
    bool exclusive;
    int64_t
        due_at; /* us; 0: now. Until then it is RESERVED, and neither patrol nor report change */
    int64_t round;
    const char *replaces;                  /* the dispatch before it; NULL: none */
    const struct shape_list *skills;       /* that were asked for; NULL: none */
    const char *within;                    /* of this agency only; NULL: of any */
    const struct Recommended *recommended; /* why this patrol; NULL: it was named */
    int64_t now;
};
/* NULL and the events of all three streams, or why not: the report takes none, the patrol is taken.
 * May ask for the rules of patrols. */
fallible send_patrol(const struct report *r, const struct sending *s, struct decision *out);

/* The move has been allowed (must_lead_to): the events of all three streams. */
void change_dispatch(const struct report *r, const struct dispatch *d, const struct patrol *p,
                     const struct dispatch_move *m, struct decision *out);

bool takes_dispatches(const struct report *r); /* is it worked on, with room for one more? */
/* NULL, or NOT_DISPATCHABLE: its status, or that it is merged. */
fallible must_take_dispatches(const struct report *r, const struct actor *a, struct decision *out);
