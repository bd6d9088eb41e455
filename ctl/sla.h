/* sla.h -- the words of citywatchctl sla. Each returns the exit code after its sentence. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From --ical, with --calendar, --source and --years as they were given (NULL: they were not). */
int import_holidays(const char *ical, const char *calendar, const char *source, const char *years);
/* What sla-worker will do first, so many rows, from its view. */
int sla_next(int limit, bool json);
/* The clocks of one report: levels, and each interval that counted or did not. */
int sla_explain(const char *report, bool json);

struct PolicyDefined;
struct CalendarDefined;
struct simulation_request {
    const struct PolicyDefined *policy; /* in place of those of its id; NULL: none */
    const struct CalendarDefined *calendar;
    int64_t from, to; /* us: reports filed in between, as they stood at its end */
    bool json;
};
int sla_simulate(const struct simulation_request *request);
/* The same from the options as they were given. */
int read_simulation(const char *policy, const char *calendar, const char *from, const char *to,
                    bool json);
