/* rules.h -- the rule of a report in parts, a file a theme; report.c chooses by the command. */
#pragma once

#include "features/report/report.h"

#define SENTENCE(NAME, ...) extern const struct sentence NAME[1];
#include "features/report/sentences.def"
#undef SENTENCE

/* filing.c: what the author says. */
fallible file_report(const struct command *c, struct decision *out);
fallible edit_report(const struct report *r, const struct command *c, struct decision *out);

/* The event of a new report, in a category that was looked up. */
struct category;
fallible file_as(const struct CreateReport *body, const struct category *category,
                 const struct command *c, struct decision *out);

/* crimes.c: public reports of crimes, in words of their own. */
fallible file_crime(const struct command *c, struct decision *out);
fallible change_crime(const struct report *r, const struct command *c, struct decision *out);
fallible delete_crime(const struct report *r, const struct command *c, struct decision *out);

/* moves.c: from status to status. */
/* Whether the actor may move it at all is for the caller to ask. */
struct move_request {
    enum status to;
    const char *note, *supplied; /* if the move needs a note and there is none */
    int who;                     /* move_sides */
    const char *const *words;    /* of statuses, by enum status, for a refusal */
};
enum move_side {
    AUTHOR = 1,
    OFFICER_OF = 2,
    SUPERVISOR_OF = 4,
    ANY_ADMIN = 8,
    ASSIGNED_PATROL = 16,
    BY_DISPATCH = 32,
    BY_CLOCK = 64,
};
/* Bits of enum move_side. `sent`: they are of the crew of a patrol that is on its way to it, or
 * there. */
int move_sides(const struct report *r, const struct actor *a, bool sent);
/* The patrol of the actor's crew, if that is sent to it; else NULL. May ask for streams. */
fallible read_sent(const struct report *r, const struct actor *a, struct decision *out,
                   const struct patrol **sent);
/* The whole rule, without the answer. */
fallible move_report(const struct report *r, const struct move_request *m, const struct command *c,
                     struct decision *out);
fallible update_report(const struct report *r, const struct command *c, struct decision *out);
fallible update_case(const struct report *r, const struct command *c, struct decision *out);
fallible withdraw_report(const struct report *r, const struct command *c, struct decision *out);

/* handling.c: what the agency does with the case. */
fallible acknowledge_case(const struct report *r, const struct command *c, struct decision *out);
fallible forward_case(const struct report *r, const struct command *c, struct decision *out);
fallible assign_case(const struct report *r, const struct command *c, struct decision *out);
fallible set_case_priority(const struct report *r, const struct command *c, struct decision *out);

/* Tells a change of status, which has been allowed. */
void emit_moved(const struct report *r, enum status to, const char *note, int64_t now,
                struct decision *out);

/* dispatches.c: the patrols that are sent to it. */
void dispatch_told(struct report *r, const struct ReportDispatchUpdated *e, struct arena *a);
bool ends_dispatches(enum status s);
void dispatches_ended(struct report *r);
/* Frees all patrols and cancels what is reserved; asks for their streams. */
fallible end_dispatches(const struct report *r, int64_t now, struct decision *out);

/* merging.c: what is the same thing. */
fallible merge_case(const struct report *r, const struct command *c, struct decision *out);
fallible unmerge_case(const struct report *r, const struct command *c, struct decision *out);
/* Refuses what would hide the reports that are merged into this one, and names them; not to the
 * author of a hidden report, who may not know of other ones'. */
fallible must_be_no_target(const struct report *r, const struct actor *a, struct decision *out);

/* conversation.c: what author and agency say to each other. */
fallible put_question(const struct report *r, const struct command *c, struct decision *out);
fallible answer_question(const struct report *r, const struct command *c, struct decision *out);
fallible comment_report(const struct report *r, const struct command *c, struct decision *out);

/* What the agency's commands begin with: NULL for an officer of the owning agency, whose
 * preconditions hold. */
fallible must_own_this_case(const struct report *r, const struct command *c, struct decision *out);
/* The same of a case that is neither merged nor final. */
fallible must_own_open_case(const struct report *r, const struct command *c, struct decision *out);

/* To the report's own stream. */
void emit_to_report(const struct report *r, struct event e, struct decision *out);
/* Refuses what is no longer done with a report that is CLOSED or WITHDRAWN. */
fallible must_not_be_final(const struct report *r, struct decision *out);
