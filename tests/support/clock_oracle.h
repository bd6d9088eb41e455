/* clock_oracle.h -- a second opinion of the clocks of features/sla and the calendars of
 * features/calendar, minute by minute. It shares no include and no type with them, and reads time
 * zones by the C library (features: ICU). Times and amounts are microseconds, an unknown one -1.
 * For years from 1990 on: until then some zones were off by seconds. */
#pragma once

/* What a clock on the wall shows, for each minute of a window. */
struct oracle_wall {
    long long start; /* a whole minute */
    int minutes;
    int *day;   /* since 1970-01-01, of the local calendar */
    int *clock; /* minutes since midnight */
};
struct oracle_wall *oracle_wall_new(const char *zone, long long start, int minutes);

/* What counts, for each minute of the wall: */
enum oracle_minute {
    ORACLE_CLOSED,
    ORACLE_OPEN,
    ORACLE_DAY_OFF,
    ORACLE_DAY_BEFORE_OFF /* a shift that began then would still go on */
};
struct oracle_shift {
    int weekday;    /* 0: Sunday */
    int begin, end; /* minutes since midnight; end > 1440: on the next day */
};
/* No shifts: all is open. Freed with free(). */
unsigned char *oracle_minutes_new(const struct oracle_wall *w, const struct oracle_shift *shifts,
                                  int shift_count, const int *days_off, int day_off_count);

enum { ORACLE_NAMES = 12, ORACLE_LEVELS = 8, ORACLE_SPELLS = 64 };
struct oracle_level {
    int name;    /* below ORACLE_NAMES */
    int percent; /* 0: after it is due */
    long long after;
    int in_hours;
};
struct oracle_terms {
    long long allotted;
    int level_count;
    struct oracle_level levels[ORACLE_LEVELS];
    const unsigned char *open; /* of the window */
    const int *day;            /* of its wall */
};

struct oracle_spell { /* between two events */
    long long from, to;
    int ended, pauses;
    const struct oracle_terms *terms;
};

struct oracle {
    long long start;
    int minutes;
    long long now;
    const struct oracle_terms *terms;
    int pauses, ended, met;
    long long consumed, overrun, due;
    long long came[ORACLE_NAMES]; /* first seen reached while it ran; -1: not yet */
    int passed[ORACLE_NAMES], fired[ORACLE_NAMES];
    struct oracle_spell spells[ORACLE_SPELLS];
    int spell_count;
};

void oracle_start(struct oracle *o, const struct oracle_wall *window, const struct oracle_terms *t,
                  long long at);
/* Walks on to that instant; an earlier one is none. Each event below first does so. */
void oracle_walk(struct oracle *o, long long at);
void oracle_pause(struct oracle *o, long long at, int pauses);
void oracle_resume(struct oracle *o, long long at, int pauses);
void oracle_end(struct oracle *o, long long at);
void oracle_reopen(struct oracle *o, long long at);
void oracle_new_terms(struct oracle *o, long long at, const struct oracle_terms *t);
void oracle_fire(struct oracle *o, long long at, int name);

struct oracle_answer {
    long long consumed, remaining;
    int overdue;
    long long due; /* -1: not while it stands still, or beyond the window */
    int next;      /* index; -1: none comes within the window */
    long long next_at;
    int next_passed;
};
/* As of where it has walked. */
struct oracle_answer oracle_read(const struct oracle *o);

/* Why a minute counts or not, as of an instant that has been walked. */
struct oracle_why {
    int ended, pauses;
    enum oracle_minute minute;
    int day; /* that the wall shows */
    const struct oracle_terms *terms;
};
struct oracle_why oracle_why_at(const struct oracle *o, long long at);
