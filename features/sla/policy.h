/* policy.h -- the folded state of one policy, and which policy a report's clocks follow. Pure. */
#pragma once

#include "events/decision.h"

struct policy {
    int64_t version;            /* of its stream; 0: not defined */
    struct PolicyDefined rules; /* as it was defined last */
};

/* The policy of everything that no other one is for. */
#define DEFAULT_POLICY DEFAULT_NAME

/* Folds the next event of its stream; what it keeps lives in `a`. */
void policy_defined(struct policy *p, const struct PolicyDefined *e, struct arena *a);

void stream_of_policy(const char *id, char out[STREAM_TEXT]);

/* "default-" and the agency's code in lower case: before `default` for the reports of that agency.
 * False if that is longer than an id may be. */
enum { POLICY_ID_TEXT = 65 }; /* bytes, with the NUL */
bool default_policy_of(const char *agency, char out[POLICY_ID_TEXT]);

/* What decides which policy a report has. */
struct policy_subject {
    const char *category, *priority, *agency;
};

/* The first that is active and for such reports: by rank, of one rank by id; behind all others the
 * agency's default, and behind that `default`, whatever rank these have. NULL: there is none. The
 * order in the array means nothing. */
const struct policy *policy_first_match(const struct policy *policies, int count,
                                        const struct policy_subject *of);
