/* clock_oracle.c -- brute force: a minute is looked up, added, and compared with every level. */
#include "tests/support/clock_oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE 60000000LL
#define SECOND 1000000LL
#define FAR    0x7fffffffffffffffLL

static void *room(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p)
        abort();
    return p;
}

/* ---- the wall ---- */

/* The civil calendar by counting years and months; 1970-01-01 is 0. */
static int days_since_1970(const struct tm *tm)
{
    int days = tm->tm_yday;
    for (int year = 1970; year < tm->tm_year + 1900; year++)
        days += (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 366 : 365;
    return days;
}

struct oracle_wall *oracle_wall_new(const char *zone, long long start, int minutes)
{
    struct oracle_wall *w = room(1, sizeof(*w));
    *w = (struct oracle_wall){start, minutes, room((size_t)minutes, sizeof(int)),
                              room((size_t)minutes, sizeof(int))};
    setenv("TZ", zone, 1);
    tzset();
    for (int i = 0; i < minutes; i++) {
        time_t second = (time_t)(start / SECOND + i * 60LL);
        struct tm tm;
        if (!localtime_r(&second, &tm) || tm.tm_sec != 0) {
            printf("%s is not read in whole minutes\n", zone);
            abort();
        }
        w->day[i] = days_since_1970(&tm);
        w->clock[i] = tm.tm_hour * 60 + tm.tm_min;
    }
    unsetenv("TZ");
    tzset();
    return w;
}

static int is_off(int day, const int *days_off, int count)
{
    for (int i = 0; i < count; i++)
        if (days_off[i] == day)
            return 1;
    return 0;
}

/* Whether the shifts of `day` go on `clock` minutes after its midnight. */
static int at_work(int day, int clock, const struct oracle_shift *shifts, int count)
{
    int weekday = (day + 4) % 7; /* 1970-01-01 was a Thursday */
    for (int i = 0; i < count; i++)
        if (shifts[i].weekday == weekday && shifts[i].begin <= clock && clock < shifts[i].end)
            return 1;
    return 0;
}

unsigned char *oracle_minutes_new(const struct oracle_wall *w, const struct oracle_shift *shifts,
                                  int shift_count, const int *days_off, int day_off_count)
{
    unsigned char *open = room((size_t)w->minutes, 1);
    int last = -1, off_today = 0, off_yesterday = 0;
    for (int i = 0; i < w->minutes; i++) {
        int day = w->day[i];
        if (day != last) {
            off_today = is_off(day, days_off, day_off_count);
            off_yesterday = is_off(day - 1, days_off, day_off_count);
            last = day;
        }
        int today = at_work(day, w->clock[i], shifts, shift_count);
        int yesterday = at_work(day - 1, w->clock[i] + 1440, shifts, shift_count);
        if (shift_count == 0 || (today && !off_today) || (yesterday && !off_yesterday))
            open[i] = ORACLE_OPEN;
        else if (off_today)
            open[i] = ORACLE_DAY_OFF;
        else if (yesterday)
            open[i] = ORACLE_DAY_BEFORE_OFF;
    }
    return open;
}

/* ---- the clock ---- */

static int running(const struct oracle *o)
{
    return !o->pauses && !o->ended;
}

/* How much is there of what the level waits for, and how much it waits for (not rounded: times
 * 100). `have` is -1 for a level that waits for the clock to be due. */
static void measure(const struct oracle *o, const struct oracle_level *l, long long *have,
                    long long *wanted)
{
    if (l->percent) {
        *have = o->consumed * 100;
        *wanted = o->terms->allotted * l->percent;
    } else if (l->in_hours) {
        *have = o->consumed * 100;
        *wanted = (o->terms->allotted + l->after) * 100;
    } else {
        *have = o->due < 0 ? -1 : o->overrun * 100;
        *wanted = l->after * 100;
    }
}

/* Writes down what is reached now, while the clock runs. */
static void look_around(struct oracle *o)
{
    int due_anew = o->due < 0 && o->consumed >= o->terms->allotted;
    int too_late = due_anew && o->consumed > o->terms->allotted;
    if (due_anew)
        o->due = o->now;
    for (int i = 0; i < o->terms->level_count; i++) {
        const struct oracle_level *l = &o->terms->levels[i];
        long long have, wanted;
        measure(o, l, &have, &wanted);
        if (have < wanted || o->came[l->name] >= 0)
            continue;
        o->came[l->name] = o->now;
        int after_all = !l->percent && !l->in_hours && l->after == 0 && too_late;
        o->passed[l->name] = have - 100 >= wanted || after_all; /* a microsecond ago, too */
    }
}

/* The microseconds until the next thing is reached at the soonest: of those that count, and of
 * those after it became due. */
struct quiet {
    long long open, overdue;
};

static struct quiet quiet_for(const struct oracle *o)
{
    struct quiet q = {o->due < 0 ? o->terms->allotted - o->consumed : FAR, FAR};
    for (int i = 0; i < o->terms->level_count; i++) {
        const struct oracle_level *l = &o->terms->levels[i];
        long long have, wanted;
        measure(o, l, &have, &wanted);
        if (o->came[l->name] >= 0 || have < 0)
            continue;
        long long left = (wanted - have + 99) / 100;
        long long *soonest = l->percent || l->in_hours ? &q.open : &q.overdue;
        *soonest = left < *soonest ? left : *soonest;
    }
    return q;
}

/* Runs until `at`, or until something is reached. */
static void run(struct oracle *o, long long at)
{
    struct quiet q = quiet_for(o);
    int overdue = o->due >= 0;
    const unsigned char *minute = o->terms->open + (o->now - o->start) / MINUTE;
    long long next = o->now - (o->now - o->start) % MINUTE + MINUTE;
    for (; o->now < at && q.open > 0 && q.overdue > 0; minute++, next += MINUTE) {
        int counts = *minute == ORACLE_OPEN;
        long long length = (next < at ? next : at) - o->now;
        if (counts && length > q.open)
            length = q.open;
        if (overdue && length > q.overdue)
            length = q.overdue;
        o->now += length;
        o->consumed += counts ? length : 0;
        o->overrun += overdue ? length : 0;
        q.open -= counts ? length : 0;
        q.overdue -= overdue ? length : 0;
    }
}

void oracle_walk(struct oracle *o, long long at)
{
    if (at < o->now)
        return;
    struct oracle_spell *spell = &o->spells[o->spell_count++];
    if (o->spell_count > ORACLE_SPELLS)
        abort();
    *spell = (struct oracle_spell){o->now, at, o->ended, o->pauses, o->terms};
    while (running(o) && o->now < at) {
        look_around(o);
        run(o, at);
    }
    o->now = at;
}

void oracle_start(struct oracle *o, const struct oracle_wall *window, const struct oracle_terms *t,
                  long long at)
{
    memset(o, 0, sizeof(*o));
    o->start = window->start;
    o->minutes = window->minutes;
    o->now = at;
    o->terms = t;
    o->due = -1;
    for (int i = 0; i < ORACLE_NAMES; i++)
        o->came[i] = -1;
}

void oracle_pause(struct oracle *o, long long at, int pauses)
{
    oracle_walk(o, at);
    o->pauses |= pauses;
}

void oracle_resume(struct oracle *o, long long at, int pauses)
{
    oracle_walk(o, at);
    o->pauses &= ~pauses;
}

void oracle_end(struct oracle *o, long long at)
{
    oracle_walk(o, at);
    if (!o->ended)
        o->met = o->consumed < o->terms->allotted;
    o->ended = 1;
}

void oracle_reopen(struct oracle *o, long long at)
{
    oracle_walk(o, at);
    o->ended = 0;
}

static int has_level(const struct oracle_terms *t, int name)
{
    for (int i = 0; i < t->level_count; i++)
        if (t->levels[i].name == name)
            return 1;
    return 0;
}

/* A level that came stays so if both terms have it and it is reached under the new ones too. */
static void forget_levels(struct oracle *o, const struct oracle_terms *old)
{
    int stays[ORACLE_NAMES] = {0};
    for (int i = 0; i < o->terms->level_count; i++) {
        const struct oracle_level *l = &o->terms->levels[i];
        long long have, wanted;
        measure(o, l, &have, &wanted);
        stays[l->name] = have >= wanted && has_level(old, l->name);
    }
    for (int i = 0; i < ORACLE_NAMES; i++)
        if (!stays[i])
            o->came[i] = -1;
}

void oracle_new_terms(struct oracle *o, long long at, const struct oracle_terms *t)
{
    oracle_walk(o, at);
    const struct oracle_terms *old = o->terms;
    o->terms = t;
    if (o->consumed < t->allotted) {
        o->due = -1;
        o->overrun = 0;
    }
    forget_levels(o, old);
}

void oracle_fire(struct oracle *o, long long at, int name)
{
    oracle_walk(o, at);
    o->fired[name] = 1;
}

/* ---- answers ---- */

/* The first of those that came and have not fired; -1. */
static int first_come(const struct oracle *o)
{
    int first = -1;
    for (int i = 0; i < o->terms->level_count; i++) {
        int name = o->terms->levels[i].name;
        if (!o->fired[name] && o->came[name] >= 0 &&
            (first < 0 || o->came[name] < o->came[o->terms->levels[first].name]))
            first = i;
    }
    return first;
}

static int levels_left(const struct oracle *o)
{
    int left = 0;
    for (int i = 0; i < o->terms->level_count; i++)
        left += !o->fired[o->terms->levels[i].name];
    return left;
}

struct oracle_answer oracle_read(const struct oracle *from)
{
    struct oracle_answer a = {.consumed = from->consumed,
                              .remaining = from->terms->allotted - from->consumed,
                              .overdue = !from->ended && from->consumed >= from->terms->allotted,
                              .due = -1,
                              .next = -1,
                              .next_at = -1};
    if (!running(from))
        return a;
    struct oracle o = *from; /* walks on into the future */
    long long last = o.start + o.minutes * MINUTE;
    look_around(&o);
    while (o.now < last && (o.due < 0 || (first_come(&o) < 0 && levels_left(&o)))) {
        run(&o, last);
        if (o.now < last)
            look_around(&o);
    }
    a.due = o.due;
    a.next = first_come(&o);
    if (a.next >= 0) {
        a.next_at = o.came[o.terms->levels[a.next].name];
        a.next_passed = o.passed[o.terms->levels[a.next].name];
    }
    return a;
}

struct oracle_why oracle_why_at(const struct oracle *o, long long at)
{
    for (int i = 0; i < o->spell_count; i++) {
        const struct oracle_spell *s = &o->spells[i];
        long long index = (at - o->start) / MINUTE;
        if (at < s->from || at >= s->to)
            continue;
        return (struct oracle_why){s->ended, s->pauses, s->terms->open[index], s->terms->day[index],
                                   s->terms};
    }
    return (struct oracle_why){-1, -1, ORACLE_CLOSED, 0, NULL};
}
