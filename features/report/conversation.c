/* conversation.c -- what author and agency say to each other. Nothing that a citizen adds is
 * dropped: they answer and comment in every status. */
#include "features/report/rules.h"

#include "base/banned.h"

enum { QUESTIONS_MAX = 100 }; /* of one report */

/* Officers of the agency and the author, each only as far as they see the report. */
static fallible must_take_part(const struct report *r, const struct command *c,
                               struct decision *out)
{
    if (!may_see(r, &c->actor))
        return NO_SUCH_REPORT;
    if (!is_author(r, &c->actor) && !is_officer_of(r, &c->actor))
        return refuse_saying(out, NOT_YOURS, NULL, AUTHOR_AND_AGENCY_TALK);
    return check_version(c, out);
}

/* ---- questions ---- */

fallible put_question(const struct report *r, const struct command *c, struct decision *out)
{
    TRY(must_own_open_case(r, c, out));
    if (!r->reporter && !r->pseudonym)
        return NO_AUTHOR_TO_ASK;
    if (r->question_count == QUESTIONS_MAX)
        return TOO_MANY_QUESTIONS;
    emit_to_report(r,
                   EVENT(ReportQuestionAsked, .report_id = r->id, .question_id = c->new_id,
                         .text = c->AskQuestion.text, .owner_agency = r->owner_agency,
                         .visibility = visibility_words[r->visibility], .asked_at = c->now),
                   out);
    answer(out, "question_id", c->new_id);
    answer(out, "report_id", r->id);
    return NULL;
}

static const struct report_question *find_question(const struct report *r, const char *id)
{
    const struct report_question *q = r->questions;
    while (q && !text_equal(q->id, id))
        q = q->earlier;
    return q;
}

fallible answer_question(const struct report *r, const struct command *c, struct decision *out)
{
    const struct AnswerQuestion *body = &c->AnswerQuestion;
    TRY(must_take_part(r, c, out));
    if (!is_author(r, &c->actor))
        return refuse_saying(out, NOT_YOURS, NULL, ONLY_AUTHOR_ANSWERS);
    const struct report_question *q = find_question(r, body->question_id);
    if (!q)
        return refuse_saying(out, NO_SUCH_QUESTION, "question_id", QUESTIONS_ARE_LISTED);
    if (q->answered)
        return refuse_saying(out, ANSWERED_ALREADY, "question_id", COMMENT_INSTEAD);
    emit_to_report(r,
                   EVENT(ReportQuestionAnswered, .report_id = r->id, .question_id = q->id,
                         .text = body->text, .owner_agency = r->owner_agency,
                         .visibility = visibility_words[r->visibility], .answered_at = c->now),
                   out);
    answer(out, "report_id", r->id);
    answer(out, "question_id", q->id);
    return NULL;
}

/* ---- comments ---- */

fallible comment_report(const struct report *r, const struct command *c, struct decision *out)
{
    TRY(must_take_part(r, c, out));
    bool of_author = is_author(r, &c->actor);
    if (!of_author)
        TRY(must_not_be_final(r, out));
    emit_to_report(
        r,
        EVENT(ReportCommented, .report_id = r->id, .comment_id = c->new_id,
              .commented_by = commenter_words[of_author ? COMMENT_OF_AUTHOR : COMMENT_OF_AGENCY],
              .text = c->CommentReport.text, .owner_agency = r->owner_agency,
              .visibility = visibility_words[r->visibility], .commented_at = c->now),
        out);
    answer(out, "comment_id", c->new_id);
    answer(out, "report_id", r->id);
    return NULL;
}
