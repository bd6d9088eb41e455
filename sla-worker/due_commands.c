/* due_commands.c -- see due_commands.h. */
#include "sla-worker/due_commands.h"

#include "base/planted.h"
#include "features/sla/applied.h"
#include "platform/identity/digest.h"
#include "platform/process/pool.h"
#include "base/banned.h"

#define LATE_AFTER_US INT64_C(10000000) /* past that a level is said to have fired late */

static const unsigned char no_secret[32]; /* keys of the system: nobody else can give them */

void due_command_key(struct due_command *d, const char *key)
{
    static const char nobody[] = "system";
    digest_parts_hex(no_secret, (const char *const[]){key, nobody}, 2, d->pending.key);
    digest_parts_hex(no_secret, (const char *const[]){key}, 1, d->pending.digest);
}

static void settled(struct pending *p)
{
    struct due_command *d = (struct due_command *)(void *)p;
    d->problem = p->problem;
    d->position = p->problem ? 0 : p->position;
    if (queue_put(d->done, &p->job)) /* it holds as many as are ever under way */
        abort();
}

void due_command_begin(struct due_command *d, const char *subject, int64_t due_at, int64_t now)
{
    d->subject = arena_text(&d->arena, subject);
    d->late_us = now - due_at;
    d->pending.arena = &d->arena;
    d->pending.settled = settled;
    d->pending.success = 200;
    d->pending.correlation_id = "sla-worker";
    d->pending.command.actor = (struct actor){.agency = "", .role = SYSTEM};
    d->pending.command.target = d->subject;
    d->pending.command.now = now;
}

void due_command_release(struct due_command *d)
{
    pending_release(&d->pending);
    arena_release(&d->arena);
}

/* ---- what clocks ask for ---- */

static int64_t moment_or_none(int64_t at)
{
    return at == NEVER ? 0 : at;
}

/* Of what had been passed before it could fire the highest level alone is told. */
static bool is_superseded(const struct sla_clock *c, const struct sla_level *level, int64_t now)
{
    for (int i = (int)(level - c->terms->levels) + 1; i < c->terms->level_count; i++) {
        int64_t at = clock_level_at(c, i, now);
        if (at && at <= now && !clock_has_fired(c, c->terms->levels[i].name))
            return true;
    }
    return false;
}

static void fire_level(struct due_command *d, const struct ReportClocks *r,
                       const struct clocks_next *next, int64_t now)
{
    const struct sla_level *l = next->level;
    const struct sla_clock *c = next->clock;
    bool late = next->passed || now - next->at > LATE_AFTER_US;
    d->what = "level";
    d->pending.command.type = FireLevel;
    d->pending.command.FireLevel =
        (struct FireLevel){.clock = arena_text(&d->arena, c->name),
                           .level = arena_text(&d->arena, l->name),
                           .escalation_level = l->number,
                           .reason = escalation_reason_words[l->number ? SLA_BREACH : SLA_WARNING],
                           .came_at = next->at,
                           .due_at = moment_or_none(clock_read(c, next->at).due_at),
                           .late = late,
                           .superseded = late && is_superseded(c, l, now),
                           .policy = arena_text(&d->arena, c->terms->policy),
                           .policy_version = c->terms->policy_version,
                           .target = arena_text(&d->arena, l->target),
                           .report_version = r->report_version,
                           .case_version = r->case_version,
                           .sla_version = r->sla_version};
    due_command_key(d, arena_printf(&d->arena, "sla/%s/%s/%s", r->report_id, c->name, l->name));
    if (PLANTED(FIRES_WITHOUT_ASKING_THE_REPORT))
        due_command_key(d, arena_printf(&d->arena, "%s %lld", r->report_id, (long long)now));
}

/* How the clock goes on by those terms; NULL: it ends. Both commands have the same members. */
static void set_next_plan(struct due_command *d, const struct ReportClocks *r,
                          const struct sla_clock *clock, const struct sla_terms *terms, int64_t now)
{
    struct ChangePolicy *p = &d->pending.command.ChangePolicy;
    struct sla_clock next = *clock;
    if (terms)
        clock_repolicy(&next, now, terms);
    p->clock = arena_text(&d->arena, clock->name);
    p->consumed_us = clock_read(clock, now).consumed_us;
    p->calendar = terms ? arena_text(&d->arena, terms->calendar) : NULL;
    p->calendar_version = terms ? terms->calendar_version : 0;
    p->due_at = terms ? moment_or_none(clock_read(&next, now).due_at) : 0;
    p->report_version = r->report_version;
    p->case_version = r->case_version;
    p->sla_version = r->sla_version;
}

static bool change_policy(struct due_command *d, const struct ReportClocks *r,
                          const struct sla_clock *resolve, const struct sla_catalog *catalog,
                          int64_t now)
{
    const struct policy *p = report_clocks_match(r, catalog, &d->arena);
    if (!p || !resolve)
        return false;
    d->what = "policy";
    d->pending.command.type = ChangePolicy;
    d->pending.command.ChangePolicy =
        (struct ChangePolicy){.reason = arena_text(&d->arena, r->wants_policy),
                              .policy = arena_text(&d->arena, p->rules.policy_id),
                              .policy_version = p->version};
    set_next_plan(
        d, r, resolve,
        catalog_terms(catalog, "resolve", p->rules.policy_id, p->version, NEWEST, &d->arena), now);
    due_command_key(d, arena_printf(&d->arena, "policy/%s/%lld/%lld", r->report_id,
                                    (long long)r->report_version, (long long)r->sla_version));
    return true;
}

static bool plan_clock(struct due_command *d, const struct ReportClocks *r,
                       const struct sla_clock *clock, const struct applied_plan *p,
                       const struct sla_catalog *catalog, int64_t now)
{
    if (!clock)
        return false;
    d->what = "plan";
    d->pending.command.type = PlanClock;
    d->pending.command.ChangePolicy =
        (struct ChangePolicy){.reason = p->reason,
                              .policy = arena_text(&d->arena, p->policy),
                              .policy_version = p->policy_version};
    set_next_plan(d, r, clock,
                  catalog_terms(catalog, p->clock, p->policy, p->policy_version,
                                p->calendar_version, &d->arena),
                  now);
    due_command_key(d, arena_printf(&d->arena, "plan/%s/%s/%lld/%lld/%lld", r->report_id, p->clock,
                                    (long long)p->policy_version, (long long)p->calendar_version,
                                    (long long)r->sla_version));
    return true;
}

static void end_hold(struct due_command *d, const struct ReportClocks *r)
{
    d->what = "hold";
    d->pending.command.type = ResumeCase;
    due_command_key(
        d, arena_printf(&d->arena, "hold/%s/%lld", r->report_id, (long long)r->case_version));
}

static void close_report(struct due_command *d, const struct ReportClocks *r)
{
    d->what = "close";
    d->pending.command.type = UpdateReportStatus;
    d->pending.command.UpdateReportStatus =
        (struct UpdateReportStatus){.status = status_words[CLOSED]};
    due_command_key(
        d, arena_printf(&d->arena, "close/%s/%lld", r->report_id, (long long)r->report_version));
}

/* What a command is made from. */
struct due {
    const struct ReportClocks *report;
    const struct sla_catalog *catalog;
    const struct sla_clock *clocks;
    int count;
    struct applied_plan plan;
    int64_t now;
};

static bool fill(struct due_command *d, const struct due *from, const struct clocks_next *next)
{
    const struct ReportClocks *r = from->report;
    switch (next->what) {
    case NEXT_NOTHING: return false;
    case NEXT_LEVEL: fire_level(d, r, next, from->now); return true;
    case NEXT_POLICY:
        return change_policy(d, r, clock_named(from->clocks, from->count, "resolve"), from->catalog,
                             from->now);
    case NEXT_PLAN:
        return plan_clock(d, r, clock_named(from->clocks, from->count, from->plan.clock),
                          &from->plan, from->catalog, from->now);
    case NEXT_HOLD_ENDS: end_hold(d, r); return true;
    case NEXT_CLOSE: close_report(d, r); return true;
    }
    return false;
}

/* What was applied since the report's last event is known by the catalog alone. */
bool due_command_fill(struct due_command *d, const struct ReportClocks *r,
                      const struct sla_catalog *catalog, int64_t now)
{
    struct ReportClocks as_now = *r;
    struct sla_clock *clocks;
    int count = report_clocks_fold(r, catalog, &d->arena, &clocks);
    struct due from = {&as_now, catalog, clocks, count, {.clock = NULL}, now};
    as_now.wants_plan = report_clocks_applied(r, catalog, &from.plan);
    struct clocks_next next = report_clocks_next(&as_now, clocks, count);
    if (next.at > now)
        return false;
    due_command_begin(d, r->report_id, next.what == NEXT_PLAN ? now : next.at, now);
    return fill(d, &from, &next);
}
