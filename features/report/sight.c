/* sight.c -- the lookup in sight.def. */
#include "features/report/sight.h"

#include "base/banned.h"

const struct sight_row sight_rows[] = {
#define SIGHT(roles, tie, public, private, anonymous, withdrawn) \
    {roles, tie, {public, private, anonymous}, withdrawn},
#include "features/report/sight.def"
#undef SIGHT
};
const int sight_row_count = sizeof(sight_rows) / sizeof(sight_rows[0]);

static bool fits(const struct sight_row *row, enum role role, int ties)
{
    return (row->roles == ANYBODY || row->roles & (int)role) &&
           ((int)row->tie & ties) == (int)row->tie;
}

static enum sight seen(const struct sight_row *row, const struct sight_facts *report)
{
    enum sight s = row->of[report->visibility];
    if (report->status == WITHDRAWN && !row->withdrawn)
        return NOTHING;
    if (s == IF_CRIME)
        return report->kind == CRIME ? ALL : NOTHING;
    return s;
}

enum sight sight_of(const struct sight_facts *report, enum role role, int ties)
{
    enum sight widest = NOTHING;
    for (int i = 0; i < sight_row_count; i++) {
        enum sight s = fits(&sight_rows[i], role, ties) ? seen(&sight_rows[i], report) : NOTHING;
        if (s > widest)
            widest = s;
    }
    return widest;
}
