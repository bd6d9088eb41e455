/* rules_file.c -- see rules_file.h. */
#include "ctl/rules_file.h"

#include <errno.h>
#include <stdio.h>

#include "base/members.h"
#include "base/text.h"
#include "base/time.h"
#include "base/zone.h"
#include "ctl/ctl.h"
#include "ctl/sla.h"
#include "ctl/moments.h"
#include "base/banned.h"

enum { FILE_BYTES_MAX = 16 * 1024 * 1024 };
#define YEAR_US (INT64_C(366) * 86400 * 1000000)

const char *read_whole_file(const char *path, struct arena *a)
{
    scoped_text all = {0};
    char part[65536];
    FILE *f = text_equal(path, "-") ? stdin : fopen(path, "re");
    if (!f) {
        failed("%s cannot be read: %s.", path, strerror(errno));
        return NULL;
    }
    for (size_t n; all.length <= FILE_BYTES_MAX && (n = fread(part, 1, sizeof(part), f)) > 0;)
        text_append_bytes(&all, part, n);
    bool bad = ferror(f) || all.length > FILE_BYTES_MAX;
    if (f != stdin)
        fclose(f);
    if (bad)
        failed("%s cannot be read, or is larger than 16 MiB.", path);
    return bad ? NULL : arena_text(a, text_value(&all));
}

/* What a definition needs and neither GET nor PUT may have. */
static const char *default_of(const char *name)
{
    static const char *const defaults[][2] = {{"policy_id", "\"simulated\""},
                                              {"calendar_id", "\"simulated\""},
                                              {"zone_changes", "[]"},
                                              {"defined_at", "\"2000-01-01T00:00:00Z\""}};
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (text_equal(defaults[i][0], name))
            return defaults[i][1];
    return NULL;
}

/* The members that the shape has; the others (version, success) are not of the definition. */
static void append_members(struct text *body, const struct shape *shape, const struct members *m)
{
    for (int i = 0; i < shape->count; i++) {
        const char *name = shape->fields()[i].name, *otherwise = default_of(name);
        const struct member *found = members_find(m, name);
        if (!found && !otherwise)
            continue;
        text_printf(body, "%c\"%s\":", body->length ? ',' : '{', name);
        if (found)
            text_append_bytes(body, found->json.at, found->json.length);
        else
            text_append(body, otherwise);
    }
    text_append(body, body->length ? "}" : "{}");
}

bool read_definition(const char *path, const char *what, const struct shape *shape, struct arena *a,
                     void *out)
{
    scoped_text body = {0};
    struct members m;
    struct fault fault = {0};
    const char *text = read_whole_file(path, a);
    if (!text)
        return false;
    if (!members_read(text, a, &m)) {
        failed("%s is no JSON object.", path);
        return false;
    }
    append_members(&body, shape, &m);
    const struct problem *p = shape_read(shape, text_value(&body), body.length, a, out, &fault);
    if (p)
        failed("%s is no %s: %s: %s", path, what, fault.field ? fault.field : "", p->title);
    return !p;
}

bool read_policy_file(const char *path, struct arena *a, struct PolicyDefined *out)
{
    return read_definition(path, "policy", event_shape(PolicyDefined), a, out);
}

bool read_calendar_file(const char *path, int64_t from, int64_t to, struct arena *a,
                        struct CalendarDefined *out)
{
    const struct zone_change *changes;
    struct shape_list *list = arena_alloc(a, sizeof(*list));
    int count;
    if (!read_definition(path, "calendar", event_shape(CalendarDefined), a, out))
        return false;
    if (zone_changes(out->zone, from - YEAR_US, to + 11 * YEAR_US, a, &changes, &count)) {
        failed("%s: there is no zone %s.", path, out->zone);
        return false;
    }
    struct CalendarChange *rows = arena_array(a, (size_t)count + 1, sizeof(*rows));
    for (int i = 0; i < count; i++)
        rows[i] = (struct CalendarChange){changes[i].at, changes[i].offset_s};
    *list = (struct shape_list){count, rows};
    out->zone_changes = list;
    return true;
}

/* ---- sla simulate ---- */

static bool read_times(const char *from, const char *to, struct simulation_request *out)
{
    out->to = time_now();
    return moment_read(from, &out->from) && (!to || moment_read(to, &out->to));
}

int read_simulation(const char *policy_path, const char *calendar_path, const char *from,
                    const char *to, bool json)
{
    scoped_arena a = {0};
    struct simulation_request r = {.json = json};
    struct PolicyDefined policy;
    struct CalendarDefined calendar;
    if (!policy_path && !calendar_path)
        return wrong_usage("--policy or --calendar is missing: what is to be tried.");
    if (text_equal(policy_path, "-") && text_equal(calendar_path, "-"))
        return wrong_usage("only one of --policy and --calendar can be standard input.");
    if (!from)
        return wrong_usage("--from is missing.");
    if (!read_times(from, to, &r))
        return wrong_usage("a time is 90s, 10m, 2h, 7d or such as 2026-01-02T03:04:05Z.");
    if (r.from >= r.to || r.to > time_now())
        return wrong_usage("--from is before --to, and --to not after now.");
    if ((policy_path && !read_policy_file(policy_path, &a, &policy)) ||
        (calendar_path && !read_calendar_file(calendar_path, r.from, r.to, &a, &calendar)))
        return FAILED;
    r.policy = policy_path ? &policy : NULL;
    r.calendar = calendar_path ? &calendar : NULL;
    return sla_simulate(&r);
}
