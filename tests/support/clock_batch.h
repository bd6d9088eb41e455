/* clock_batch.h -- what many random lives of clocks share: a window of time, calendars in zones
 * that turn their clocks there, terms; each twice, as the feature has it and as the oracle does. */
#pragma once

#include <stdint.h>

#include "tests/support/clock_oracle.h"

#include "features/sla/clock.h"

#define SECOND_US 1000000LL
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

enum { CALENDARS = 8, TERMS = 40, DAY_NAME = 16 };

/* All chance comes from here: equal seeds give equal lives. Not 0. */
extern uint64_t chance;
int64_t below(int64_t n); /* 0 <= it < n */
bool one_in(int n);

extern struct batch {
    const struct oracle_wall *wall; /* of one zone: says which window */
    int64_t start, end;
    struct calendar_pair {
        struct working_time time;
        unsigned char *open;
        const struct oracle_wall *wall;
        const char *zone;
    } calendars[CALENDARS];
    struct terms_pair {
        struct sla_terms ours;
        struct oracle_terms theirs;
    } terms[TERMS]; /* 2n and 2n + 1 differ by their calendars alone */
    struct arena arena;
} batch;

extern const char *const level_names[ORACLE_NAMES];
/* What a holiday on that local day is called. */
const char *day_name(int day, char out[DAY_NAME]);

/* Offsets of zones are read once, into `a`, which lives as long as batches are made. */
void make_batch(struct arena *a);
void free_batch(void);
