/* metrics.h -- counters, gauges and histograms of this process, in Prometheus text format 0.0.4.
 * Any thread; no call blocks or allocates, except the first use of a label value. */
#pragma once

#include "base/text.h"
#include "platform/process/settings.h"

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

#define METRIC(name, kind, label, help) METRIC_##name,
enum metric {
#include "platform/process/metrics.def"
    METRIC_COUNT
};
#undef METRIC

/* Shows the rows of metrics_from_start.def of that service as 0. */
void metrics_start(enum service_bit service);

/* Without a label value for rows that have none; at most 64 values a metric, more are counted as
 * "other". `value` is copied on first use. */
void metric_add(enum metric m, const char *value, double n);
void metric_set(enum metric m, const char *value, double n);
void metric_observe(enum metric m, double n); /* histograms */

/* Every metric that was touched, with HELP and TYPE, and process_* figures (resident memory, open
 * descriptors, CPU seconds, start time). */
void metrics_write(struct text *out);
