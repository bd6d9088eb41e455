/* explain.c -- the intervals of one clock: its events are applied one by one, and what lies between
 * two of them is one interval, or several if the clock runs and office hours begin and end. */
#include "features/sla/explain.h"

#include "base/text.h"

#include "base/banned.h"

void clock_apply(struct sla_clock *c, const struct clock_event *e)
{
    switch (e->kind) {
    case CLOCK_STARTED: clock_start(c, e->name, e->terms, e->at); break;
    case CLOCK_PAUSED: clock_pause(c, e->at, e->reasons); break;
    case CLOCK_RESUMED: clock_resume(c, e->at, e->reasons); break;
    case CLOCK_ENDED: clock_end(c, e->at); break;
    case CLOCK_GIVEN_UP: clock_drop(c, e->at); break;
    case CLOCK_REOPENED: clock_reopen(c, e->at); break;
    case CLOCK_REPOLICIED: clock_repolicy(c, e->at, e->terms); break;
    case CLOCK_FIRED: clock_fire(c, e->at, e->name); break;
    }
}

struct explanation {
    struct clock_interval *rows; /* CLOCK_INTERVALS_MAX and one that sums up */
    int count;
    struct clock_interval last; /* not yet a row: the next may continue it; terms NULL: none */
};

static void close_last(struct explanation *e)
{
    const struct clock_interval *last = &e->last;
    struct clock_interval *sum = &e->rows[CLOCK_INTERVALS_MAX];
    if (!last->terms)
        return;
    if (e->count < CLOCK_INTERVALS_MAX) {
        e->rows[e->count++] = *last;
        return;
    }
    if (e->count++ == CLOCK_INTERVALS_MAX)
        *sum = (struct clock_interval){.from = last->from, .why = LEFT_OUT};
    sum->to = last->to;
    sum->counted_us += last->counted_us;
    sum->terms = last->terms;
    sum->left_out++;
}

static bool continues(const struct clock_interval *last, const struct clock_interval *next)
{
    return last->terms == next->terms && last->why == next->why && last->reasons == next->reasons &&
           text_equal(last->holiday, next->holiday);
}

static void add(struct explanation *e, struct clock_interval next)
{
    next.counted_us = next.why == COUNTED ? next.to - next.from : 0;
    if (continues(&e->last, &next)) {
        e->last.to = next.to;
        e->last.counted_us += next.counted_us;
        return;
    }
    close_last(e);
    e->last = next;
}

static enum clock_why why_of(const struct working_span *span)
{
    switch (span->why) {
    case OFFICE_HOURS: return COUNTED;
    case OUT_OF_HOURS: return BEYOND_HOURS;
    case ON_HOLIDAY: return BEYOND_BY_HOLIDAY;
    }
    return BEYOND_HOURS;
}

static void add_hours(struct explanation *e, const struct sla_terms *terms, int64_t from,
                      int64_t to)
{
    struct working_span span;
    for (; working_span_at(terms->time, from, to, &span); from = span.to)
        add(e, (struct clock_interval){.from = span.from,
                                       .to = span.to,
                                       .why = why_of(&span),
                                       .holiday = span.holiday,
                                       .terms = terms});
}

/* What lies between the clock's last event and `to`. */
static void add_until(struct explanation *e, const struct sla_clock *c, int64_t to)
{
    struct clock_interval still = {.from = c->last_at, .to = to, .terms = c->terms};
    if (to <= c->last_at)
        return;
    if (c->ended_as != CLOCK_RUNNING) {
        still.why = AFTER_THE_END;
        add(e, still);
    } else if (c->paused) {
        still.why = WHILE_PAUSED;
        still.reasons = c->paused;
        add(e, still);
    } else {
        add_hours(e, c->terms, c->last_at, to);
    }
}

int clock_explain(const struct clock_event *events, int count, int64_t now, struct arena *a,
                  const struct clock_interval **out)
{
    struct sla_clock c = {.terms = NULL};
    struct explanation e = {
        .rows = arena_array(a, CLOCK_INTERVALS_MAX + 1, sizeof(struct clock_interval))};
    for (int i = 0; i < count; i++) {
        if (i > 0)
            add_until(&e, &c, events[i].at);
        clock_apply(&c, &events[i]);
    }
    add_until(&e, &c, now);
    close_last(&e);
    *out = e.rows;
    return e.count > CLOCK_INTERVALS_MAX ? CLOCK_INTERVALS_MAX + 1 : e.count;
}
