/* simulation.c -- see simulation.h. */
#include "features/sla/simulation.h"

#include "base/banned.h"

/* What sla-worker does when another policy is for the report. */
static void begin_policy(struct ReportClocks *r, const struct sla_catalog *catalog, int64_t at,
                         struct arena *a)
{
    const struct policy *p = report_clocks_match(r, catalog, a);
    if (!p)
        return;
    const struct sla_terms *t =
        catalog_terms(catalog, "resolve", p->rules.policy_id, p->version, NEWEST, a);
    struct event *e = arena_alloc(a, sizeof(*e));
    *e = EVENT(SlaRepoliced, .report_id = r->report_id, .clock = "resolve",
               .policy = p->rules.policy_id, .policy_version = p->version,
               .calendar = t ? t->calendar : NULL, .calendar_version = t ? t->calendar_version : 0);
    report_clocks_apply(r, catalog, &(struct clock_fact){FROM_SLA, r->sla_version + 1, at, e}, a);
}

void simulate_event(struct simulated_report *s, const struct sla_catalog *real,
                    const struct sla_catalog *other, const struct clock_fact *fact, struct arena *a)
{
    report_clocks_apply(&s->real, real, fact, a);
    if (fact->source == FROM_SLA)
        return;
    report_clocks_apply(&s->other, other, fact, a);
    if (s->other.wants_policy)
        begin_policy(&s->other, other, s->other.last_at, a);
}

bool clock_breached(const struct sla_clock *c, int64_t at)
{
    return c && clock_read(c, at).remaining_us <= 0;
}
