/* filing.c -- what the author says of a report: filing it and, while nobody has begun, correcting
 * it. */
#include "features/report/rules.h"

#include "features/category/category.h"
#include "base/banned.h"

static const int64_t CLOCK_SKEW = INT64_C(300) * 1000000; /* of a client's clock */

static fallible must_be_past(const int64_t *occurred_at, int64_t now, struct decision *out)
{
    if (occurred_at && *occurred_at > now + CLOCK_SKEW)
        return refuse_saying(out, OUT_OF_RANGE, "occurred_at", LIES_IN_THE_FUTURE);
    return NULL;
}

fallible file_as(const struct CreateReport *body, const struct category *category,
                 const struct command *c, struct decision *out)
{
    const char *visibility = body->visibility;
    char stream[STREAM_TEXT];
    out->anonymous = text_equal(visibility, "ANONYMOUS");
    TRY(must_be_past(body->occurred_at, c->now, out));
    stream_of_report(c->target, stream);
    emit(out, stream, report_category((enum visibility)word_index(visibility_words, visibility)),
         EVENT(ReportCreated, .report_id = c->target,
               .reporter_user_id = out->anonymous ? NULL : c->actor.user_id,
               .reporter_pseudonym = out->anonymous ? c->actor.pseudonym : NULL,
               .visibility = visibility, .content = body->content, .category = body->category,
               .owner_agency = category->agency, .status = "RECEIVED", .location = body->location,
               .occurred_at = body->occurred_at, .created_at = c->now, .kind = category->kind));
    return NULL;
}

fallible file_report(const struct command *c, struct decision *out)
{
    const struct CreateReport *body = &c->CreateReport;
    const struct category *category = NULL;
    TRY(require_category(body->category, "category", out, &category));
    TRY(file_as(body, category, c, out));
    answer(out, "report_id", c->target);
    answer(out, "status", "RECEIVED");
    answer(out, "similar", arena_join(out->arena, "/reports/", c->target, "/similar"));
    return NULL;
}

/* ---- editing ---- */

static bool same_place(const struct Place *a, const struct Place *b)
{
    if (!a || !b)
        return a == b;
    return a->latitude == b->latitude && a->longitude == b->longitude &&
           text_equal(a->street, b->street) && text_equal(a->city, b->city) &&
           text_equal(a->state, b->state);
}

static bool changes(const struct report *r, const struct ReportEdited *to)
{
    bool same_moment = to->occurred_at == r->occurred_at ||
                       (to->occurred_at && r->occurred_at && *to->occurred_at == *r->occurred_at);
    return !text_equal(to->content, r->content) || !text_equal(to->category, r->category) ||
           !same_place(to->location, r->location) || !same_moment;
}

/* The report as it would be afterwards. The category it has already may have become inactive. */
static fallible edited(const struct report *r, const struct command *c, struct decision *out,
                       struct ReportEdited *to)
{
    const struct EditReport *body = &c->EditReport;
    const struct category *category = NULL;
    if (body->category && !text_equal(body->category, r->category))
        TRY(require_category(body->category, "category", out, &category));
    *to = (struct ReportEdited){
        .report_id = r->id,
        .content = body->content ? body->content : r->content,
        .location = body->location || body->location_cleared ? body->location : r->location,
        .occurred_at =
            body->occurred_at || body->occurred_at_cleared ? body->occurred_at : r->occurred_at,
        .old_owner_agency = r->owner_agency,
        .owner_agency = category ? category->agency : r->owner_agency,
        .old_category = r->category,
        .category = category ? body->category : r->category,
        .old_kind = category_kind_words[r->kind],
        .kind = category ? category->kind : category_kind_words[r->kind],
        .old_status = status_words[r->status],
        .new_status = status_words[r->status],
        .visibility = visibility_words[r->visibility],
        .edited_at = c->now,
    };
    return NULL;
}

fallible edit_report(const struct report *r, const struct command *c, struct decision *out)
{
    struct ReportEdited to;
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!is_author(r, &c->actor))
        return refuse_saying(out, NOT_YOURS, NULL, ONLY_AUTHOR_EDITS);
    TRY(check_version(c, out));
    TRY(must_not_be_merged(r, &c->actor, out));
    if (r->status != RECEIVED)
        return refuse_saying(out, NOT_EDITABLE, "status", COMMENT_ON_IT, status_words[r->status]);
    TRY(must_be_past(c->EditReport.occurred_at, c->now, out));
    TRY(edited(r, c, out, &to));
    if (changes(r, &to))
        emit_to_report(r, (struct event){.type = ReportEdited, .ReportEdited = to}, out);
    answer(out, "report_id", r->id);
    answer(out, "category", to.category);
    answer(out, "owner_agency", to.owner_agency);
    return NULL;
}
