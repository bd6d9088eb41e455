/* clock_entries.c -- the clocks of a report, folded from the entries that report_clocks.c keeps. */
#include "features/sla/explain.h"
#include "features/sla/report_clocks.h"

#include "base/banned.h"

static const struct ClockEntry *entry_at(const struct ReportClocks *r, int i)
{
    return list_item(r->entries, &ClockEntry_shape, i);
}

static struct clock_event event_of(const struct ClockEntry *e, const struct sla_terms *terms)
{
    enum clock_event_kind kind = (enum clock_event_kind)word_index(clock_step_words, e->step);
    return (struct clock_event){.kind = kind,
                                .at = e->at,
                                .reasons = (unsigned)e->reasons,
                                .terms = terms,
                                .why = e->reason,
                                .name = kind == CLOCK_FIRED ? e->level : e->clock};
}

static int find(const struct sla_clock *clocks, int count, const char *name)
{
    int i = 0;
    while (i < count && !text_equal(clocks[i].name, name))
        i++;
    return i;
}

const struct sla_clock *clock_named(const struct sla_clock *clocks, int count, const char *name)
{
    int i = find(clocks, count, name);
    return i < count ? &clocks[i] : NULL;
}

/* False: what it would run by is not in the catalog, it is left out. */
static bool read_entry(const struct ReportClocks *r, const struct sla_catalog *catalog, int i,
                       struct arena *a, struct clock_event *out)
{
    const struct ClockEntry *e = entry_at(r, i);
    const struct sla_terms *terms =
        e->policy
            ? catalog_terms(catalog, e->clock, e->policy, e->policy_version, e->calendar_version, a)
            : NULL;
    *out = event_of(e, terms);
    return terms || (!e->policy && out->kind != CLOCK_STARTED);
}

int report_clocks_fold(const struct ReportClocks *r, const struct sla_catalog *catalog,
                       struct arena *a, struct sla_clock **out)
{
    int count = 0, entries = r->entries ? r->entries->count : 0;
    struct sla_clock *clocks = arena_array(a, (size_t)entries + 1, sizeof(*clocks));
    for (int i = 0; i < entries; i++) {
        struct clock_event event;
        int at = find(clocks, count, entry_at(r, i)->clock);
        if (!read_entry(r, catalog, i, a, &event))
            continue;
        if (at == count && event.kind == CLOCK_STARTED)
            count++;
        if (at < count)
            clock_apply(&clocks[at], &event);
    }
    *out = clocks;
    return count;
}

int report_clocks_events(const struct ReportClocks *r, const struct sla_catalog *catalog,
                         const char *clock, struct arena *a, const struct clock_event **out)
{
    int count = 0, entries = r->entries ? r->entries->count : 0;
    struct clock_event *events = arena_array(a, (size_t)entries + 1, sizeof(*events));
    for (int i = 0; i < entries; i++)
        if (text_equal(entry_at(r, i)->clock, clock) &&
            read_entry(r, catalog, i, a, &events[count]) &&
            (count || events[count].kind == CLOCK_STARTED))
            count++;
    *out = events;
    return count;
}
