/* sla.h -- the words of citywatchctl sla; each returns the exit code after its sentence. */
#pragma once

#include <stdbool.h>

/* From --ical, with --calendar and --years as they were given (NULL: they were not). */
int import_holidays(const char *ical, const char *calendar, const char *years);
/* What sla-worker will do first, so many rows, from its view. */
int sla_next(int limit, bool json);
/* The clocks of one report: levels, and each interval that counted or did not. */
int sla_explain(const char *report, bool json);
