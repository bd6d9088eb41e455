/* policy_rules.c -- what a policy has to be. */
#include "features/sla/policy_rules.h"

#include "base/banned.h"

enum { SECONDS_MIN = 10 };

/* One clock of the policy that is checked; `name` is that of its member. */
struct checked_clock {
    const char *name;
    const struct PolicyClock *clock;
    struct decision *out;
};

static const struct PolicyLevel *level_of(const struct checked_clock *of, int i)
{
    return list_item(of->clock->levels, &PolicyLevel_shape, i);
}

static fallible refuse_level(const struct checked_clock *of, int i, const char *member,
                             const char *detail)
{
    return refuse(of->out, BAD_LEVEL,
                  arena_printf(of->out->arena, "%s.levels[%d].%s", of->name, i, member), detail);
}

static fallible check_name(const struct checked_clock *of, int i)
{
    const char *name = level_of(of, i)->name;
    if (!is_word(name))
        return refuse_level(of, i, "name", "A name is 1 to 32 of a-z, 0-9, dash and underscore.");
    for (int k = 0; k < i; k++)
        if (text_equal(level_of(of, k)->name, name))
            return refuse_level(of, i, "name", "Another level of this clock has that name.");
    return NULL;
}

/* Does the one come before the other, both counted from when the clock is due? Whether those
 * seconds are of office hours is left aside: which level then comes first depends on the day. */
static bool comes_before(const struct PolicyLevel *one, const struct PolicyLevel *other)
{
    int64_t share = one->share_percent ? one->share_percent : 100;
    int64_t other_share = other->share_percent ? other->share_percent : 100;
    if (share != other_share)
        return share < other_share;
    return one->after_due_seconds < other->after_due_seconds;
}

static fallible check_level(const struct checked_clock *of, int i)
{
    const struct PolicyLevel *level = level_of(of, i), *before = i ? level_of(of, i - 1) : NULL;
    TRY(check_name(of, i));
    if (level->share_percent && level->after_due_seconds)
        return refuse_level(of, i, "after_due_seconds",
                            "It comes at a share of the time or after it is due, not at both.");
    if (level->number < (before ? before->number : 0))
        return refuse_level(of, i, "number", "Numbers begin at 0 and do not fall.");
    if (before && comes_before(level, before))
        return refuse_level(of, i, level->share_percent ? "share_percent" : "after_due_seconds",
                            "Levels stand in the order in which they come.");
    return NULL;
}

fallible check_duration(int64_t seconds, const char *field, struct decision *out)
{
    return seconds < SECONDS_MIN ? refuse(out, DURATION_TOO_SHORT, field, NULL) : NULL;
}

static fallible check_clock(const char *name, const struct PolicyClock *clock, struct decision *out)
{
    const struct checked_clock of = {name, clock, out};
    if (!clock)
        return NULL;
    TRY(check_duration(clock->seconds, arena_join(out->arena, name, ".seconds", ""), out));
    for (int i = 0; i < clock->levels->count; i++)
        TRY(check_level(&of, i));
    return NULL;
}

fallible check_clocks(const struct PolicyDefined *p, struct decision *out)
{
    TRY(check_clock("acknowledge", p->acknowledge, out));
    TRY(check_clock("resolve", p->resolve, out));
    return check_clock("answer", p->answer, out);
}

static bool is_default_of_its_agency(const struct PolicyDefined *p)
{
    char id[POLICY_ID_TEXT];
    return p->agency && default_policy_of(p->agency, id) && text_equal(id, p->policy_id);
}

fallible check_default(const struct PolicyDefined *p, struct decision *out)
{
    bool of_city = text_equal(p->policy_id, DEFAULT_POLICY);
    if (!of_city && !text_starts(p->policy_id, DEFAULT_POLICY "-"))
        return NULL;
    if (of_city ? p->agency != NULL : !is_default_of_its_agency(p))
        return refuse(out, BAD_DEFAULT, "agency",
                      "default has none; default-<agency> has that one, in lower case in the id.");
    if (p->category || p->priority)
        return refuse(out, BAD_DEFAULT, p->category ? "category" : "priority", "It has none.");
    if (!p->resolve)
        return refuse(out, BAD_DEFAULT, "resolve", "It has this clock.");
    if (of_city && !p->active)
        return refuse(out, BAD_DEFAULT, "active", "It is always active.");
    return NULL;
}
