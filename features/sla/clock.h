/* clock.h -- one clock of one report: what it has consumed, when it is due, which level comes next.
 * Pure: it never asks what time it is. Times are microseconds since 1970 UTC, amounts microseconds.
 * Texts and terms are borrowed: those a clock ever had must live as long as it. */
#pragma once

#include "features/calendar/calendar.h"

enum { CLOCK_LEVELS_MAX = 8, CLOCK_FIRED_MAX = 32 };

/* A level comes at the first instant at which the clock runs and
 *   share_percent > 0:  consumed >= share_percent hundredths of the allotted time, not rounded;
 *   office_hours:       consumed >= allotted time + after_due_s;
 *   neither:            after_due_s have passed since it became due, at night too. No pause counts.
 */
struct sla_level {
    const char *name; /* "w75"; unique in its terms, and what makes it one level across policies */
    int64_t number;   /* for showing */
    int64_t share_percent; /* 1..100; 0: after it is due */
    int64_t after_due_s;
    bool office_hours;
    const char *target;
};

struct sla_terms { /* of one clock, by one version of a policy and of a calendar */
    const char *policy, *calendar;
    int64_t policy_version, calendar_version;
    int64_t allotted_us;
    const struct sla_level *levels;
    int level_count; /* up to CLOCK_LEVELS_MAX */
    const struct working_time *time;
};

/* Bits: several may hold at once, and the clock runs when none does. PAUSED_BY_QUESTION holds while
 * any question is open; who applies the events counts them. */
enum clock_pause { PAUSED_BY_QUESTION = 1, PAUSED_BY_HOLD = 2 };
enum clock_state {
    CLOCK_RUNNING,
    CLOCK_MET,
    CLOCK_LATE,
    CLOCK_DROPPED
}; /* all but the first: ended */

struct sla_clock {
    const char *name; /* "acknowledge", "resolve", "answer:<question>" */
    const struct sla_terms *terms;
    int64_t started_at, last_at; /* of the first and of the last event */
    int64_t since;               /* consumed_us and overrun_us are true as of then */
    int64_t consumed_us;         /* working time in which it ran */
    int64_t overrun_us;          /* all time in which it ran since it became due */
    int64_t due_since;           /* when it became due; 0: it is not */
    unsigned paused;             /* enum clock_pause; kept while it is ended, for when it reopens */
    enum clock_state ended_as;
    int64_t ended_at;                   /* 0: not ended */
    int64_t came_at[CLOCK_LEVELS_MAX];  /* by level of the terms; 0: not before `since` */
    unsigned passed;                    /* bits by level: see clock_reading */
    const char *fired[CLOCK_FIRED_MAX]; /* names, the oldest first */
    int fired_count;
};

/* `at` earlier than the clock's last event counts as that event's time. What is already so (a pause
 * that holds, the end of an ended clock) changes nothing. */
void clock_start(struct sla_clock *c, const char *name, const struct sla_terms *terms, int64_t at);
void clock_pause(struct sla_clock *c, int64_t at, unsigned reasons);
void clock_resume(struct sla_clock *c, int64_t at, unsigned reasons);
/* CLOCK_MET before it became due, else CLOCK_LATE; in a pause too. */
void clock_end(struct sla_clock *c, int64_t at);
/* It ends without having been met or missed: merged, or a policy that has no such clock. */
void clock_drop(struct sla_clock *c, int64_t at);
/* It goes on with what it had consumed; what has fired stays fired. */
void clock_reopen(struct sla_clock *c, int64_t at);
/* Keeps what was consumed, the pauses, and by name the levels that have fired or come. The overrun
 * stays if the clock was due and still is; if it becomes due by this, the overrun begins at 0. */
void clock_repolicy(struct sla_clock *c, int64_t at, const struct sla_terms *terms);
/* The level of that name fired; past CLOCK_FIRED_MAX names the oldest one that the terms lack is
 * forgotten. */
void clock_fire(struct sla_clock *c, int64_t at, const char *level);
bool clock_has_fired(const struct sla_clock *c, const char *level);

/* Under whatever terms. */
bool clock_has_fired(const struct sla_clock *c, const char *level);

struct clock_reading {
    int64_t consumed_us;
    int64_t remaining_us; /* negative once overdue */
    int64_t due_at;       /* overdue: when it became due; 0 while paused or ended; NEVER */
    bool overdue;         /* not ended, and nothing remains */
    int next; /* the level not fired that comes first, of two at once the first of the terms; -1 */
    int64_t next_at; /* when it came or comes; 0 while paused or ended; NEVER, also if next is -1 */
    bool next_passed; /* it was reached before it could come: new terms had it behind them */
};
/* `now` before the clock's last event counts as that event's time. */
struct clock_reading clock_read(const struct sla_clock *c, int64_t now);
/* When the i-th level of its terms came, or comes if the clock goes on running as at `now`. 0: it
 * has not come, and the clock is paused or ended; NEVER. */
int64_t clock_level_at(const struct sla_clock *c, int i, int64_t now);
