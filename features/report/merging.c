/* merging.c -- two reports of the same thing: one is merged into the other, which stays. Both
 * streams tell it, in one decision. A report that is merged is no target, and a target is not
 * merged: there are no chains. */
#include "features/report/rules.h"

#include "base/banned.h"

enum { MERGED_MAX = 100 }; /* into one report: whoever counts its votes looks at all of them */

/* A sentence that says why not; NULL if the one can be merged into the other. Nothing leads out of
 * a final status: the one would be taken out of it, the other be worked on by nobody. */
static const char *why_not(const struct report *r, const struct report *into, struct arena *a)
{
    if (is_final(r))
        return arena_join(a, "This report is ", status_words[r->status], ".");
    if (is_final(into))
        return arena_join(a, "That report is ", status_words[into->status], ".");
    if (r->dispatch_count)
        return "Patrols are sent to this report; cancel their dispatches first.";
    if (into->merged_into)
        return "That report is merged itself; merge into the one that it is merged into.";
    if (r->merged_count)
        return "Other reports are merged into this one; merge that one into this one.";
    if (into->merged_count == MERGED_MAX)
        return "As many reports as may be are merged into that one.";
    if (!text_equal(r->owner_agency, into->owner_agency))
        return "They belong to two agencies; forward one of them first.";
    if (r->visibility != into->visibility || r->kind != into->kind)
        return "They differ in visibility or in the kind of their category.";
    return NULL;
}

static fallible must_be_mergeable(const struct report *r, const struct report *into,
                                  struct decision *out)
{
    const char *detail = why_not(r, into, out->arena);
    return detail ? refuse(out, NOT_MERGEABLE, "into", detail) : NULL;
}

/* What is said on the stream of `on`, as MERGING_FIELDS. */
#define MERGING(on, merged, into)                                                          \
    .report_id = (on)->id, .merged_report_id = (merged)->id, .into_report_id = (into)->id, \
    .owner_agency = (on)->owner_agency, .category = (on)->category,                        \
    .status = status_words[(on)->status], .visibility = visibility_words[(on)->visibility]

static void emit_merged(const struct report *r, const struct report *into, int64_t now,
                        struct decision *out)
{
    emit_to_report(r, EVENT(ReportMerged, MERGING(r, r, into), .merged_at = now), out);
    emit_to_report(into, EVENT(ReportMerged, MERGING(into, r, into), .merged_at = now), out);
}

static void emit_unmerged(const struct report *r, const struct report *into, int64_t now,
                          struct decision *out)
{
    emit_to_report(r, EVENT(ReportUnmerged, MERGING(r, r, into), .unmerged_at = now), out);
    emit_to_report(into, EVENT(ReportUnmerged, MERGING(into, r, into), .unmerged_at = now), out);
}

fallible merge_case(const struct report *r, const struct command *c, struct decision *out)
{
    const char *to = c->MergeCase.into;
    const struct report *into;
    TRY(must_own_this_case(r, c, out));
    if (text_equal(to, r->id))
        return refuse(out, NOT_MERGEABLE, "into", "That is the same report.");
    TRY(read_report_of(to, out, &into));
    if (!may_see(into, &c->actor))
        return refuse(out, NO_SUCH_REPORT, "into", NULL);
    out->anonymous = out->anonymous || is_anonymous_author(into, &c->actor);
    if (!text_equal(r->merged_into, into->id)) {
        TRY(must_not_be_merged(r, &c->actor, out));
        TRY(must_be_mergeable(r, into, out));
        emit_merged(r, into, c->now, out);
    }
    answer(out, "report_id", r->id);
    answer(out, "merged_into", into->id);
    return NULL;
}

/* Whoever owns the merged report, which stays with its agency meanwhile: the other one may have
 * been forwarded since, and the agency still gets its own one back. */
fallible unmerge_case(const struct report *r, const struct command *c, struct decision *out)
{
    const struct report *into;
    TRY(must_own_this_case(r, c, out));
    if (r->merged_into) {
        TRY(read_report_of(r->merged_into, out, &into));
        out->anonymous = out->anonymous || is_anonymous_author(into, &c->actor);
        emit_unmerged(r, into, c->now, out);
    }
    answer(out, "report_id", r->id);
    answer(out, "merged_into", NULL);
    return NULL;
}

fallible must_be_no_target(const struct report *r, const struct actor *a, struct decision *out)
{
    scoped_text list = {0};
    if (!r->merged_count)
        return NULL;
    if (r->visibility != PUBLIC && !is_officer_of(r, a))
        return MERGE_TARGET;
    for (const struct merged_report *m = r->merged; m; m = m->earlier)
        text_printf(&list, "%s\"%s\"", list.length ? "," : "", m->id);
    out->members = arena_printf(out->arena, "\"merged\":[%s]", text_value(&list));
    return refuse_saying(out, MERGE_TARGET, NULL, AGENCY_TAKES_THEM_OUT);
}
