/* clock_figures.c -- see clock_figures.h. */
#include "sla-worker/clock_figures.h"

#include "base/time.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "base/banned.h"

enum { SHOWN_EVERY_US = 2000000 };

static const struct pg_statement FIGURES = {
    "clocks_figures",
    "(SELECT 'next', (extract(epoch FROM next_at) * 1000000)::bigint FROM sla.report_clocks "
    "WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1) "
    "UNION ALL SELECT clock, clocks FROM sla.open_clocks"};

void clock_figures_count(struct clock_figures *f, const struct due_command *d)
{
    metric_add(METRIC_sla_done_total, d->what, 1);
    metric_observe(METRIC_sla_lateness_seconds, (double)d->late_us / 1e6);
    if (d->late_us > f->latest_us)
        f->latest_us = d->late_us;
    if (d->pending.command.type != FireLevel)
        return;
    char number[INT_TEXT];
    int64_t level = d->pending.command.FireLevel.escalation_level;
    metric_add(METRIC_sla_fired_total, int_text(level, number), 1);
    if (level >= 0 && level < LEVEL_NUMBERS)
        f->fired[level]++;
}

/* 0: the view has no such row. */
static int64_t figure(const struct rows *rows, const char *name)
{
    for (int i = 0; i < rows_count(rows); i++)
        if (text_equal(rows_text(rows, i, 0), name))
            return rows_int(rows, i, 1);
    return 0;
}

static void add_open(const struct rows *rows, struct text *out)
{
    for (int i = 0; i < CLOCK_KINDS; i++) {
        int64_t open = figure(rows, clock_kind_words[i]);
        metric_set(METRIC_sla_open_clocks, clock_kind_words[i], (double)open);
        text_printf(out, "%s\"%s\":%lld", i ? "," : "\"open\":{", clock_kind_words[i],
                    (long long)open);
    }
    text_append(out, "},");
}

static void add_next(int64_t next, struct text *out)
{
    char at[TIME_TEXT];
    metric_set(METRIC_sla_next_due_timestamp_seconds, NULL, (double)next / 1e6);
    if (next)
        text_printf(out, "\"next_due_at\":\"%s\"", time_format(next, at));
    else
        text_append(out, "\"next_due_at\":null");
}

static void add_done(const struct clock_figures *f, struct text *out)
{
    const char *separator = "";
    text_append(out, ",\"fired\":{");
    for (int i = 0; i < LEVEL_NUMBERS; i++)
        if (f->fired[i]) {
            text_printf(out, "%s\"%d\":%lld", separator, i, (long long)f->fired[i]);
            separator = ",";
        }
    text_printf(out, "},\"latest_seconds\":%.3f", (double)f->latest_us / 1e6);
}

fallible clock_figures_show(struct clock_figures *f, struct pg *views, const char *dependency)
{
    scoped_text figures = {0};
    scoped_rows *rows = NULL;
    int64_t now = time_monotonic();
    if (f->read_at && now - f->read_at < SHOWN_EVERY_US)
        return NULL;
    TRY(pg_call(views, &FIGURES, 0, NULL, &rows));
    add_open(rows, &figures);
    add_next(figure(rows, "next"), &figures);
    add_done(f, &figures);
    ready_figures(dependency, text_value(&figures));
    f->read_at = now;
    return NULL;
}
