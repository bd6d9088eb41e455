/* explained.h -- why the clocks of one report show what they show, as GET /sla/{report_id}/explain
 * and citywatchctl tell it: every counted and every skipped interval, in words and numbers. Pure.
 * The record is what a query has read of the view: struct ClockRecord (shapes.def). */
#pragma once

#include "base/language.h"
#include "features/sla/explain.h"
#include "features/sla/report_clocks.h"

struct explained_report {
    struct ClockRecord record;
    struct sla_catalog catalog;
    enum text_language language;
    struct sla_clock *clocks; /* in the order in which they started */
    int count;
};
/* Reads a record, JSON; everything lives in `a`. INTERNAL: it is none. */
fallible explained_read(const char *record, struct arena *a, struct explained_report *out);

struct explained_clock {
    const struct sla_clock *clock;
    struct clock_reading now;
    const struct clock_event *events;
    int event_count;
    const struct clock_interval *intervals; /* up to CLOCK_INTERVALS_MAX + 1 */
    int interval_count;
};
/* The i-th of its clocks; lives in `a`. */
void explained_clock_read(const struct explained_report *r, int i, struct arena *a,
                          struct explained_clock *out);

/* "running", "paused", "met", "late", "dropped". */
const char *clock_state_word(const struct sla_clock *c);
/* When the level of that name fired first, us; 0: it has not. */
int64_t explained_fired_at(const struct explained_clock *c, const char *level);

/* "47 h 59 min 58 s": whole seconds, in every language. */
const char *amount_text(int64_t us, struct arena *a);
/* Sentences of explain_texts.def: how it stands, why the interval counts or does not. */
const char *clock_text(const struct explained_clock *c, enum text_language language,
                       struct arena *a);
const char *interval_text(const struct clock_interval *i, enum text_language language,
                          struct arena *a);

/* All of it as one JSON object: what the query answers. Of all clocks together no more than
 * EXPLAINED_INTERVALS_MAX intervals are listed; `left_out` of a clock counts the others. */
enum { EXPLAINED_INTERVALS_MAX = 5 * CLOCK_INTERVALS_MAX };
void explained_write(const struct explained_report *r, struct text *out);
