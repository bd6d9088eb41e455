/* patrol.h -- the folded state of one patrol, a unit of an agency with a call sign, and who may do
 * what with it. */
#pragma once

#include "events/decision.h"

struct crew_member {
    const char *user_id;
    struct crew_member *next;
};
enum { CREW_MAX = 16 };

/* A dispatch that the patrol is on: OFFERED, ACCEPTED or ARRIVED. */
struct patrol_dispatch {
    const char *id;
    enum dispatch_status status;
    bool exclusive;
    struct patrol_dispatch *next;
};

struct patrol {
    const char *id; /* NULL: there is no such patrol */
    const char *call_sign, *agency;
    const struct shape_list *skills; /* of struct Skill */
    enum patrol_state status;
    struct crew_member *crew;
    int crew_count;
    struct patrol_dispatch *dispatches; /* the newest first */
    bool lost;                          /* no fix of its position has come for long */
    /* Of patrol-default alone, which is no patrol: the rules of the installation. */
    enum transition_mode transitions;
    int64_t offer_seconds; /* 0: not defined yet */
};

/* Of crew-<user>. */
struct crew {
    const char *patrol_id; /* NULL: in none */
};

void stream_of_patrol(const char *patrol_id, char out[STREAM_TEXT]);

/* May ask for the stream (read_state); (*p)->id NULL: there is none. */
fallible read_patrol(const char *patrol_id, struct decision *out, const struct patrol **p);
/* The one that a body names as patrol_id, which the actor must command: NO_SUCH_PATROL,
 * NOT_YOUR_PATROL. May ask for the stream. */
fallible read_commanded(const char *patrol_id, const struct actor *a, struct decision *out,
                        const struct patrol **p);
/* The patrol whose crew the actor is in; NULL: in none, or they are no PATROL. May ask twice. */
fallible read_own_patrol(const struct actor *a, struct decision *out, const struct patrol **p);
/* How long a crew has to answer an offer, us. May ask for the rules. */
fallible read_offer_time(struct decision *out, int64_t *us);

bool is_crew_of(const struct patrol *p, const struct actor *a);
/* A dispatcher of its agency, or of none, who commands all patrols; an admin. */
bool commands_patrol(const struct patrol *p, const struct actor *a);

/* Can it be sent? PATROL_UNAVAILABLE, or PATROL_TAKEN with the dispatch that has it. */
fallible must_be_free(const struct patrol *p, bool exclusive, struct decision *out);
/* The same without a sentence. */
bool is_free(const struct patrol *p, bool exclusive);
/* Its state once that dispatch, on which it may be already, has that status. */
enum patrol_state state_after(const struct patrol *p, const char *dispatch_id,
                              enum dispatch_status status);
/* Has it all of them? */
bool has_skills(const struct patrol *p, const struct shape_list *wanted);
