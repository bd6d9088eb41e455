/* clock_tally.c -- see clock_tally.h. */
#include "features/sla/clock_tally.h"

#include "base/banned.h"

enum { SECOND_US = 1000000, PARTS = 16, DOUBLINGS = (TIME_STEPS - 1) / PARTS };

/* ---- one clock ---- */

static bool has_warned(const struct sla_clock *c)
{
    for (int i = 0; i < c->terms->level_count; i++)
        if (c->terms->levels[i].number == 0 && clock_has_fired(c, c->terms->levels[i].name))
            return true;
    return false;
}

bool clock_cell_of(const struct sla_clock *c, int64_t now, struct clock_cell *out)
{
    if (c->ended_as == CLOCK_DROPPED)
        return false;
    bool breached = c->ended_as == CLOCK_LATE || clock_read(c, now).overdue;
    *out = (struct clock_cell){.ended = c->ended_as != CLOCK_RUNNING,
                               .breached = breached,
                               .warned = !breached && has_warned(c)};
    if (out->ended)
        out->step = time_step(c->consumed_us);
    return true;
}

/* ---- steps ---- */

int time_step(int64_t us)
{
    int doubling = 0;
    if (us < SECOND_US)
        return 0;
    while (doubling < DOUBLINGS && us >> doubling >= 2 * SECOND_US)
        doubling++;
    if (doubling == DOUBLINGS)
        return TIME_STEPS - 1;
    return 1 + PARTS * doubling + (int)((us >> doubling) / (SECOND_US / PARTS)) - PARTS;
}

int64_t time_of_step(int step)
{
    int64_t width = (int64_t)(SECOND_US / PARTS) << ((step - 1) / PARTS);
    return step == 0 ? 0 : width * (PARTS + (step - 1) % PARTS) + width / 2;
}

/* ---- many ---- */

static bool has_one(const struct clock_tally *t, const struct clock_cell *cell)
{
    return (cell->ended ? t->ended > 0 && t->times[cell->step] > 0 : t->open > 0) &&
           (!cell->warned || t->warned > 0) && (!cell->breached || t->breached > 0) &&
           (!cell->ended || cell->breached || t->met > 0);
}

bool clock_tally_add(struct clock_tally *t, const struct clock_cell *cell, int by)
{
    if (by < 0 && !has_one(t, cell))
        return false;
    t->open += cell->ended ? 0 : by;
    t->ended += cell->ended ? by : 0;
    t->warned += cell->warned ? by : 0;
    t->met += cell->ended && !cell->breached ? by : 0;
    t->breached += cell->breached ? by : 0;
    if (cell->ended)
        t->times[cell->step] += by;
    return true;
}

int64_t clock_tally_time(const struct clock_tally *t, int tenths)
{
    int64_t ended = 0;
    for (int i = 0; i < TIME_STEPS; i++) {
        ended += t->times[i];
        if (ended > 0 && 10 * ended >= tenths * t->ended)
            return time_of_step(i);
    }
    return -1;
}
