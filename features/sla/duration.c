/* duration.c -- the default policy as the one number that clients of the seed know: how long a
 * report may take to be resolved. */
#include "features/sla/policy_rules.h"

#include "base/banned.h"

/* The policy that the actor speaks of, with its id and agency also where it is not defined yet. */
struct owned_policy {
    const struct policy *policy;
    const char *id, *agency;
};

static fallible read_agencys(const char *agency, struct decision *out, struct owned_policy *own)
{
    char stream[STREAM_TEXT], id[POLICY_ID_TEXT];
    const void *state;
    if (!default_policy_of(agency, id))
        return refuse(out, BAD_TEXT, NULL,
                      "The agency's code is too long for a default of its own.");
    stream_of_policy(id, stream);
    TRY(read_state(out, stream, &state));
    *own = (struct owned_policy){state, arena_text(out->arena, id), agency};
    out->about = arena_text(out->arena, stream);
    return NULL;
}

/* The policy as it is, or the city's in its place, with another time to resolve. What the agency's
 * policy was not active for, it is from now on. */
static struct PolicyDefined with_duration(const struct owned_policy *own, const struct policy *city,
                                          const struct command *c, struct arena *a)
{
    const struct PolicyDefined *from = own->policy->version ? &own->policy->rules : &city->rules;
    struct PolicyClock *resolve = arena_alloc(a, sizeof(*resolve));
    struct PolicyDefined next = *from;
    *resolve = *from->resolve;
    resolve->seconds = c->SetSlaDuration.duration_seconds;
    next.policy_id = own->id;
    next.agency = own->agency;
    next.resolve = resolve;
    next.active = true;
    next.defined_at = c->now;
    next.apply = NULL;
    return next;
}

/* As the seed's services write it: 48h0m0s, 1m30s, 10s. */
static const char *duration_text(int64_t seconds, struct arena *a)
{
    long long hours = seconds / 3600, minutes = seconds / 60 % 60, rest = seconds % 60;
    if (hours)
        return arena_printf(a, "%lldh%lldm%llds", hours, minutes, rest);
    return minutes ? arena_printf(a, "%lldm%llds", minutes, rest) : arena_printf(a, "%llds", rest);
}

fallible set_duration(const struct policy *city, const struct command *c, struct decision *out)
{
    int64_t seconds = c->SetSlaDuration.duration_seconds;
    struct owned_policy own = {city, DEFAULT_POLICY, NULL};
    TRY(check_duration(seconds, "duration_seconds", out));
    if (!city->version)
        return NO_SUCH_POLICY;
    if (c->actor.role == SUPERVISOR)
        TRY(read_agencys(c->actor.agency, out, &own));

    struct PolicyDefined next = with_duration(&own, city, c, out->arena);
    const struct PolicyDefined *now = &own.policy->rules;
    bool already = now->active && now->resolve->seconds == seconds;
    if (!already)
        emit_policy(&next, out);
    text_printf(&out->answer, "\"sla_duration_sec\":%lld", (long long)seconds);
    answer(out, "sla_duration_str", duration_text(seconds, out->arena));
    answer(out, "message", "SLA duration updated");
    return NULL;
}
