/* simulate.c -- citywatchctl sla simulate: which reports would have breached by another policy or
 * calendar, and which not. It reads the log, page by page, and changes nothing. */
#include "base/time.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/moments.h"
#include "ctl/sla.h"
#include "features/sla/simulation.h"
#include "base/banned.h"

enum { REPORTS = 100, WINDOW = 5000, PAGE = 1000 };

struct definition {
    int64_t position, version;
    struct event event;
};

struct simulation {
    const struct simulation_request *request;
    struct city city;
    struct arena arena; /* definitions */
    struct definition *definitions;
    int count, room;
    int64_t from, to; /* positions: of reports filed after `from`, events up to `to` */
    int64_t reports, would, would_not;
};

/* ---- definitions ---- */

static fallible keep_definition(struct simulation *s, const struct stored_event *stored)
{
    struct definition d = {.position = stored->position, .version = stored->version};
    if (!text_equal(stored->type, event_name(PolicyDefined)) &&
        !text_equal(stored->type, event_name(CalendarDefined)))
        return NULL;
    TRY(event_read(stored->type, stored->schema, arena_text(&s->arena, stored->data), &s->arena,
                   &d.event));
    if (s->count == s->room) {
        struct definition *wider = arena_array(&s->arena, (size_t)s->room * 2 + 16, sizeof(d));
        if (s->count)
            memcpy(wider, s->definitions, (size_t)s->count * sizeof(d));
        s->definitions = wider;
        s->room = s->room * 2 + 16;
    }
    s->definitions[s->count++] = d;
    return NULL;
}

static fallible read_definitions(struct simulation *s)
{
    int64_t at = 0;
    for (int count = PAGE; count == PAGE;) {
        scoped_arena a = {0};
        struct event_page page;
        TRY(store_read_category(s->city.store, "sla", at, s->to, PAGE, &a, &page));
        count = page.count;
        for (int i = 0; i < count; i++)
            TRY(keep_definition(s, &page.at[i]));
        at = count ? page.at[count - 1].position : at;
    }
    return NULL;
}

/* ---- both sets of rules, at a position ---- */

struct rules {
    const struct simulation *simulation;
    struct sla_catalog real, other;
    int next; /* definition */
};

static bool is_tried(const struct simulation_request *r, const struct event *e)
{
    if (e->type == PolicyDefined)
        return r->policy && text_equal(r->policy->policy_id, e->PolicyDefined.policy_id);
    return r->calendar && text_equal(r->calendar->calendar_id, e->CalendarDefined.calendar_id);
}

static struct rules rules_begin(const struct simulation *s, struct arena *a)
{
    struct rules r = {.simulation = s};
    const struct simulation_request *given = s->request;
    if (given->policy)
        catalog_add(&r.other,
                    &(struct event){.type = PolicyDefined, .PolicyDefined = *given->policy}, 1, a);
    if (given->calendar)
        catalog_add(&r.other,
                    &(struct event){.type = CalendarDefined, .CalendarDefined = *given->calendar},
                    1, a);
    return r;
}

static void rules_until(struct rules *r, int64_t position, struct arena *a)
{
    const struct simulation *s = r->simulation;
    for (; r->next < s->count && s->definitions[r->next].position < position; r->next++) {
        const struct definition *d = &s->definitions[r->next];
        catalog_add(&r->real, &d->event, d->version, a);
        if (!is_tried(s->request, &d->event))
            catalog_add(&r->other, &d->event, d->version, a);
    }
}

static bool has_calendar(const struct sla_catalog *c, const struct PolicyClock *clock)
{
    return !clock || catalog_calendar(c, clock->calendar, NEWEST);
}

/* A clock whose calendar is not there would not run. */
static fallible check_calendars(const struct simulation *s)
{
    scoped_arena a = {0};
    struct rules r = rules_begin(s, &a);
    const struct PolicyDefined *p = s->request->policy;
    rules_until(&r, INT64_MAX, &a);
    bool all = !p || (has_calendar(&r.other, p->acknowledge) &&
                      has_calendar(&r.other, p->resolve) && has_calendar(&r.other, p->answer));
    return all ? NULL : NO_SUCH_CALENDAR;
}

/* ---- reports ---- */

static void tell(const struct simulation *s, const char *report, const char *clock, bool would)
{
    scoped_arena a = {0};
    if (s->request->json)
        print_visible(stdout,
                      arena_printf(&a, "{\"report\":\"%s\",\"clock\":\"%s\",\"outcome\":\"%s\"}",
                                   report, clock, would ? "would_breach" : "would_not_breach"));
    else
        print_visible(stdout,
                      arena_printf(&a, "%s  %-12s  %s", report, clock,
                                   would ? "would have breached" : "would not have breached"));
}

static void compare_clock(struct simulation *s, const char *report, const char *clock, bool real,
                          bool other)
{
    if (real == other)
        return;
    s->would += other;
    s->would_not += real;
    tell(s, report, clock, other);
}

static void compare(struct simulation *s, const struct rules *rules,
                    const struct simulated_report *r, struct arena *a)
{
    struct sla_clock *real, *other;
    int64_t at = s->request->to;
    int real_count = report_clocks_fold(&r->real, &rules->real, a, &real);
    int other_count = report_clocks_fold(&r->other, &rules->other, a, &other);
    for (int i = 0; i < real_count; i++)
        compare_clock(s, r->real.report_id, real[i].name, clock_breached(&real[i], at),
                      clock_breached(clock_named(other, other_count, real[i].name), at));
    for (int i = 0; i < other_count; i++)
        if (!clock_named(real, real_count, other[i].name))
            compare_clock(s, r->other.report_id, other[i].name, false,
                          clock_breached(&other[i], at));
}

static int by_position(const void *one, const void *other)
{
    const struct stored_event *a = one, *b = other;
    return (a->position > b->position) - (a->position < b->position);
}

static fallible apply_one(const struct stored_event *stored, const struct rules *rules,
                          struct simulated_report *r, struct arena *a)
{
    struct event *e = arena_alloc(a, sizeof(*e));
    enum clock_source source = text_starts(stored->stream, "case-")  ? FROM_CASE
                               : text_starts(stored->stream, "sla-") ? FROM_SLA
                                                                     : FROM_REPORT;
    TRY(event_read(stored->type, stored->schema, stored->data, a, e));
    simulate_event(r, &rules->real, &rules->other,
                   &(struct clock_fact){source, stored->version, stored->recorded, e}, a);
    return NULL;
}

/* The reports of one page, side by side in the order of the log. */
static fallible simulate_page(struct simulation *s, const struct rows *ids)
{
    scoped_arena a = {0};
    struct event_page page;
    const char *streams[REPORTS * 3];
    struct simulated_report reports[REPORTS] = {0};
    int count = rows_count(ids);
    for (int i = 0; i < count; i++) {
        streams[3 * i] = arena_join(&a, "report-", rows_text(ids, i, 1), "");
        streams[3 * i + 1] = arena_join(&a, "case-", rows_text(ids, i, 1), "");
        streams[3 * i + 2] = arena_join(&a, "sla-", rows_text(ids, i, 1), "");
    }
    TRY(store_load(s->city.store, streams, 3 * count, &a, &page));
    qsort(page.at, (size_t)page.count, sizeof(*page.at), by_position);
    struct rules rules = rules_begin(s, &a);
    for (int k = 0; k < page.count && page.at[k].position <= s->to; k++) {
        int i = 0;
        while (!text_equal(strchr(page.at[k].stream, '-') + 1, rows_text(ids, i, 1)))
            i++;
        rules_until(&rules, page.at[k].position, &a);
        TRY(apply_one(&page.at[k], &rules, &reports[i], &a));
    }
    for (int i = 0; i < count; i++)
        compare(s, &rules, &reports[i], &a);
    s->reports += count;
    return NULL;
}

static const struct pg_statement FILED = {
    "ctl_filed", "SELECT position, substring(stream FROM 8) FROM es_event "
                 "WHERE position > $1::bigint AND position <= $2::bigint "
                 "AND type = 'report.created' ORDER BY position LIMIT 100"};

static fallible simulate_window(struct simulation *s, int64_t at, int64_t end)
{
    for (int count = REPORTS; count == REPORTS;) {
        scoped_arena a = {0};
        scoped_rows *rows = NULL;
        const char *values[] = {cell_int(&a, at), cell_int(&a, end)};
        TRY(pg_call(s->city.log, &FILED, 2, values, &rows));
        count = rows_count(rows);
        if (count)
            TRY(simulate_page(s, rows));
        at = count ? rows_int(rows, count - 1, 0) : end;
    }
    return NULL;
}

static fallible simulate(struct simulation *s)
{
    struct log_head head;
    TRY(pg_run(s->city.log, "SET default_transaction_read_only = on"));
    TRY(city_head(&s->city, &head));
    TRY(position_before(&s->city, s->request->from, head.position, &s->from));
    TRY(position_before(&s->city, s->request->to, head.position, &s->to));
    TRY(read_definitions(s));
    TRY(check_calendars(s));
    for (int64_t at = s->from; at < s->to; at += WINDOW)
        TRY(simulate_window(s, at, s->to - at > WINDOW ? at + WINDOW : s->to));
    return NULL;
}

static void tell_sum(const struct simulation *s)
{
    if (s->request->json)
        printf("{\"reports\":%lld,\"would_breach\":%lld,\"would_not_breach\":%lld}\n",
               (long long)s->reports, (long long)s->would, (long long)s->would_not);
    else
        printf(
            "%lld reports: %lld clocks would have breached that did not, %lld would not have that "
            "did.\n",
            (long long)s->reports, (long long)s->would, (long long)s->would_not);
}

int sla_simulate(const struct simulation_request *request)
{
    struct simulation s = {.request = request};
    int code = city_open(&s.city, NEEDS_STORE);
    const struct problem *p = code ? NULL : simulate(&s);
    if (p)
        code = failed_by(p, "sla simulate");
    else if (!code)
        tell_sum(&s);
    city_close(&s.city);
    arena_release(&s.arena);
    return code;
}
