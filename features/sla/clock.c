/* clock.c -- the arithmetic of one clock. Between two events a clock stands still or runs under one
 * calendar, so that each event first adds the stretch before it (`advance`). */
#include "features/sla/clock.h"

#include <string.h>

#include "base/text.h"

#include "base/banned.h"

#define SECOND_US 1000000

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t missing(int64_t wanted, int64_t have)
{
    return later_of(wanted - have, 0);
}

static bool runs(const struct sla_clock *c)
{
    return !c->paused && c->ended_as == CLOCK_RUNNING;
}

/* ---- when what comes ---- */

static bool by_overrun(const struct sla_level *level)
{
    return level->share_percent == 0 && !level->office_hours;
}

/* Of consumed_us, or of overrun_us. */
static int64_t threshold(const struct sla_terms *terms, const struct sla_level *level)
{
    if (by_overrun(level))
        return level->after_due_s * SECOND_US;
    if (level->share_percent == 0)
        return terms->allotted_us + level->after_due_s * SECOND_US;
    return (terms->allotted_us * level->share_percent + 99) / 100;
}

static int64_t consumes_until(const struct sla_clock *c, int64_t amount)
{
    return working_until(c->terms->time, c->since, missing(amount, c->consumed_us));
}

/* The next two are of a clock that runs from `since` on. */
static int64_t becomes_due(const struct sla_clock *c)
{
    return c->due_since ? c->due_since : consumes_until(c, c->terms->allotted_us);
}

static int64_t level_comes(const struct sla_clock *c, int i, int64_t due)
{
    const struct sla_level *level = &c->terms->levels[i];
    int64_t wanted = threshold(c->terms, level);
    if (c->came_at[i])
        return c->came_at[i];
    if (!by_overrun(level))
        return consumes_until(c, wanted);
    if (c->due_since)
        return c->since + missing(wanted, c->overrun_us);
    return due == NEVER ? NEVER : due + wanted;
}

/* More than the level asks for was there before it could come. */
static bool was_passed(const struct sla_clock *c, int i)
{
    const struct sla_level *level = &c->terms->levels[i];
    int64_t wanted = threshold(c->terms, level);
    if (!by_overrun(level))
        return c->consumed_us > wanted;
    return c->overrun_us > wanted || (wanted == 0 && c->consumed_us > c->terms->allotted_us);
}

static bool level_passed(const struct sla_clock *c, int i)
{
    return c->came_at[i] ? c->passed >> i & 1 : was_passed(c, i);
}

/* ---- the stretch before an event ---- */

/* Of a stretch that ends with `consumed` and during which it is due from `due` on. */
static void note_levels(struct sla_clock *c, int64_t until, int64_t consumed, int64_t due)
{
    for (int i = 0; i < c->terms->level_count; i++) {
        const struct sla_level *level = &c->terms->levels[i];
        bool reached = by_overrun(level) ? due < until : consumed >= threshold(c->terms, level);
        int64_t at = reached && !c->came_at[i] ? level_comes(c, i, due) : NEVER;
        if (at >= until)
            continue; /* what comes at the very end comes if the clock still runs after the event */
        c->passed |= (unsigned)was_passed(c, i) << i;
        c->came_at[i] = at;
    }
}

static void run_until(struct sla_clock *c, int64_t until)
{
    int64_t consumed = c->consumed_us + working_between(c->terms->time, c->since, until);
    int64_t due = consumed < c->terms->allotted_us ? NEVER : becomes_due(c);
    note_levels(c, until, consumed, due);
    if (due < until) {
        c->due_since = due;
        c->overrun_us += until - later_of(due, c->since);
    }
    c->consumed_us = consumed;
}

static void advance(struct sla_clock *c, int64_t at)
{
    at = later_of(at, c->last_at);
    if (runs(c) && at > c->since)
        run_until(c, at);
    c->since = c->last_at = at;
}

/* ---- events ---- */

void clock_start(struct sla_clock *c, const char *name, const struct sla_terms *terms, int64_t at)
{
    *c = (struct sla_clock){
        .name = name, .terms = terms, .started_at = at, .since = at, .last_at = at};
}

void clock_pause(struct sla_clock *c, int64_t at, unsigned reasons)
{
    advance(c, at);
    c->paused |= reasons;
}

void clock_resume(struct sla_clock *c, int64_t at, unsigned reasons)
{
    advance(c, at);
    c->paused &= ~reasons;
}

static void end(struct sla_clock *c, int64_t at, bool dropped)
{
    advance(c, at);
    if (c->ended_as != CLOCK_RUNNING)
        return;
    bool late = c->consumed_us >= c->terms->allotted_us;
    c->ended_as = dropped ? CLOCK_DROPPED : late ? CLOCK_LATE : CLOCK_MET;
    c->ended_at = c->last_at;
}

void clock_end(struct sla_clock *c, int64_t at)
{
    end(c, at, false);
}

void clock_drop(struct sla_clock *c, int64_t at)
{
    end(c, at, true);
}

void clock_reopen(struct sla_clock *c, int64_t at)
{
    advance(c, at);
    c->ended_as = CLOCK_RUNNING;
    c->ended_at = 0;
}

static int level_by_name(const struct sla_terms *terms, const char *name)
{
    for (int i = 0; i < terms->level_count; i++)
        if (text_equal(terms->levels[i].name, name))
            return i;
    return -1;
}

/* A level that has come and is reached under the new terms too has come when it came. */
static void keep_levels(struct sla_clock *c, const struct sla_clock *old)
{
    memset(c->came_at, 0, sizeof(c->came_at));
    c->passed = 0;
    for (int i = 0; i < c->terms->level_count; i++) {
        const struct sla_level *level = &c->terms->levels[i];
        int before = level_by_name(old->terms, level->name);
        bool due = !by_overrun(level) || c->due_since;
        int64_t have = by_overrun(level) ? c->overrun_us : c->consumed_us;
        if (before < 0 || !due || have < threshold(c->terms, level))
            continue;
        c->came_at[i] = old->came_at[before];
        c->passed |= (old->passed >> before & 1) << i;
    }
}

void clock_repolicy(struct sla_clock *c, int64_t at, const struct sla_terms *terms)
{
    advance(c, at);
    struct sla_clock old = *c;
    c->terms = terms;
    if (c->consumed_us < terms->allotted_us) {
        c->due_since = 0;
        c->overrun_us = 0;
    }
    keep_levels(c, &old);
}

bool clock_has_fired(const struct sla_clock *c, const char *level)
{
    for (int i = 0; i < c->fired_count; i++)
        if (text_equal(c->fired[i], level))
            return true;
    return false;
}

/* The terms have fewer levels than there is room for names. */
static void forget_a_name(struct sla_clock *c)
{
    int i = 0;
    while (level_by_name(c->terms, c->fired[i]) >= 0)
        i++;
    c->fired_count--;
    memmove(&c->fired[i], &c->fired[i + 1], (size_t)(c->fired_count - i) * sizeof(c->fired[0]));
}

void clock_fire(struct sla_clock *c, int64_t at, const char *level)
{
    int known = level_by_name(c->terms, level);
    advance(c, at);
    if (clock_has_fired(c, level))
        return;
    if (c->fired_count == CLOCK_FIRED_MAX)
        forget_a_name(c);
    c->fired[c->fired_count++] = known < 0 ? level : c->terms->levels[known].name;
}

/* ---- what it says ---- */

/* A level that another one comes before, since that one wants less working time. */
static bool is_preceded(const struct sla_clock *c, int i, int64_t *min_wanted)
{
    const struct sla_level *level = &c->terms->levels[i];
    if (c->came_at[i] || by_overrun(level))
        return false;
    int64_t wanted = threshold(c->terms, level);
    bool preceded = wanted >= *min_wanted;
    *min_wanted = preceded ? *min_wanted : wanted;
    return preceded;
}

/* As if the clock ran from `since` on. */
static void read_next(const struct sla_clock *c, int64_t due, struct clock_reading *out)
{
    int64_t min_wanted = INT64_MAX;
    for (int i = 0; i < c->terms->level_count; i++) {
        if (clock_has_fired(c, c->terms->levels[i].name) || is_preceded(c, i, &min_wanted))
            continue;
        int64_t at = level_comes(c, i, due);
        if (out->next >= 0 && at >= out->next_at)
            continue;
        out->next = i;
        out->next_at = at;
        out->next_passed = level_passed(c, i);
    }
}

struct clock_reading clock_read(const struct sla_clock *clock, int64_t now)
{
    struct sla_clock c = *clock;
    advance(&c, now);
    bool ended = c.ended_as != CLOCK_RUNNING;
    struct clock_reading out = {.consumed_us = c.consumed_us,
                                .remaining_us = c.terms->allotted_us - c.consumed_us,
                                .overdue = !ended && c.consumed_us >= c.terms->allotted_us,
                                .next = -1,
                                .next_at = NEVER};
    if (ended) {
        out.next_at = 0;
        return out;
    }
    int64_t due = becomes_due(&c);
    read_next(&c, due, &out);
    if (c.paused)
        out.next_at = 0;
    else
        out.due_at = due;
    return out;
}

int64_t clock_level_at(const struct sla_clock *clock, int i, int64_t now)
{
    struct sla_clock c = *clock;
    advance(&c, now);
    return runs(&c) ? level_comes(&c, i, becomes_due(&c)) : c.came_at[i];
}
