/* sight_commands_test.c -- each command on a report, by every onlooker, of every visibility, kind
 * and status: what they may not see is missing to all of them, and nothing else is. */
#include "tests/support/sentences.h"
#include "tests/support/sight_cases.h"

#include "features/report/sight.h"

#define AUTHOR_ID "019b7f00-0000-7000-8000-0000000000aa"
#define OTHER_ID  "019b7f00-0000-7000-8000-0000000000ab"

static struct actor as_actor(const struct onlooker *o)
{
    bool user = o->role != ANYONE;
    return (struct actor){.user_id = !user       ? NULL
                                     : o->author ? AUTHOR_ID
                                                 : OTHER_ID,
                          .pseudonym = !user       ? NULL
                                       : o->author ? "their pseudonym"
                                                   : "another",
                          .agency = o->agency ? o->agency : "",
                          .role = o->role};
}

struct a_case {
    const struct onlooker *o;
    int visibility, kind, status;
};

/* Files the report, moves it to the status and lets the onlooker send the command. */
static void after(const struct a_case *k, struct command c)
{
    bool anonymous = k->visibility == ANONYMOUS;
    struct actor a = as_actor(k->o);
    given_nothing();
    given_agency(OTHER, true);
    given_in("report-" R1,
             EVENT(ReportCreated, .report_id = R1, .reporter_user_id = anonymous ? NULL : AUTHOR_ID,
                   .reporter_pseudonym = anonymous ? "their pseudonym" : NULL,
                   .visibility = visibility_words[k->visibility], .content = "a hole",
                   .category = "infrastruktur", .owner_agency = FORMER, .status = "RECEIVED",
                   .created_at = NOON, .kind = filed_kinds[k->kind]));
    given_in("report-" R1,
             EVENT(ReportForwarded, .report_id = R1, .old_owner_agency = FORMER,
                   .owner_agency = OWNER, .visibility = visibility_words[k->visibility]));
    struct event to = moved("RECEIVED", status_words[k->status]);
    if (k->status != RECEIVED)
        given_in("report-" R1, to);
    when(&a, c);
}

static void expect(const struct a_case *k, const char *command, const struct problem *expected)
{
    char is[256];
    if (decided_outcome() == expected)
        return;
    snprintf(is, sizeof(is), "%s: %s, %s, %s, %s", command, k->o->name,
             visibility_words[k->visibility],
             filed_kinds[k->kind] ? filed_kinds[k->kind] : "no kind", status_words[k->status]);
    test_fail(__FILE__, __LINE__, is, decided_outcome() ? decided_outcome()->name : "done",
              expected ? expected->name : "done");
}

/* Who moves a report from where to where, if they say why. */
static const struct problem *moving(const struct a_case *k, int to)
{
    static const char *const officers[] = {"RECEIVED>IN_PROGRESS",
                                           "RECEIVED>RESOLVED",
                                           "RECEIVED>REJECTED",
                                           "ASSIGNED>IN_PROGRESS",
                                           "ASSIGNED>RESOLVED",
                                           "ASSIGNED>REJECTED",
                                           "IN_PROGRESS>RESOLVED",
                                           "IN_PROGRESS>REJECTED",
                                           "RESOLVED>IN_PROGRESS",
                                           "RESOLVED>CLOSED",
                                           NULL};
    static const char *const supervisors[] = {"REJECTED>IN_PROGRESS", NULL};
    static const char *const authors[] = {"RECEIVED>WITHDRAWN", "RESOLVED>IN_PROGRESS", NULL};
    static const char *const admins[] = {"RECEIVED>WITHDRAWN", "ASSIGNED>WITHDRAWN",
                                         "IN_PROGRESS>WITHDRAWN", NULL};
    char pair[64];
    snprintf(pair, sizeof(pair), "%s>%s", status_words[k->status], status_words[to]);
    bool may = k->status == to || (k->o->has_case && word_index(officers, pair) >= 0) ||
               (k->o->author && word_index(authors, pair) >= 0) ||
               (k->o->role == ADMIN && word_index(admins, pair) >= 0) ||
               (k->o->role == SUPERVISOR && k->o->has_case && word_index(supervisors, pair) >= 0);
    return may ? NULL : ILLEGAL_MOVE;
}

static const struct problem *not_their_case(const struct a_case *k)
{
    return k->o->reads_case ? NOT_OWNING : NO_SUCH_REPORT;
}

static void check_votes(const struct a_case *k, bool sees)
{
    bool open = k->visibility == PUBLIC && k->status != WITHDRAWN;
    after(k, COMMAND(UpvoteReport));
    expect(k, "a vote", !sees ? NO_SUCH_REPORT : open ? NULL : NOT_PUBLIC);
    after(k, COMMAND(WithdrawUpvote));
    expect(k, "a vote taken back", sees ? NULL : NO_SUCH_REPORT);
    after(k, COMMAND(FollowReport));
    expect(k, "a follow", sees ? NULL : NO_SUCH_REPORT);
    after(k, COMMAND(UnfollowReport));
    expect(k, "the end of it", sees ? NULL : NO_SUCH_REPORT);
    after(k, COMMAND(MeToo));
    expect(k, "me too", !sees ? NO_SUCH_REPORT : open ? NULL : NOT_PUBLIC);
}

static void check_moves(const struct a_case *k, bool sees)
{
    bool may_withdraw = k->o->author || k->o->role == ADMIN;
    bool concerned = k->o->author || k->o->has_case;
    after(k, COMMAND(WithdrawReport, .reason = "why"));
    expect(k, "a withdrawal",
           !sees          ? NO_SUCH_REPORT
           : may_withdraw ? moving(k, WITHDRAWN)
                          : NOT_YOURS);
    for (int to = 0; to < STATUS_COUNT; to++) {
        after(k, COMMAND(UpdateReportStatus, .status = status_words[to], .note = "why"));
        expect(k, status_words[to], !sees ? NO_SUCH_REPORT : concerned ? moving(k, to) : NOT_YOURS);
        after(k, COMMAND(UpdateCaseStatus, .status = status_words[to], .note = "why"));
        expect(k, status_words[to], k->o->has_case ? moving(k, to) : not_their_case(k));
    }
}

static void check_handling(const struct a_case *k)
{
    bool final = k->status == CLOSED || k->status == WITHDRAWN;
    const struct problem *may = !k->o->has_case ? not_their_case(k)
                                : final         ? REPORT_IS_FINAL
                                                : NULL;
    after(k, COMMAND(AcknowledgeCase));
    expect(k, "acknowledging", may);
    after(k, COMMAND(ForwardCase, .agency = OTHER, .note = "yours"));
    expect(k, "forwarding", may);
    after(k, COMMAND(AssignCase));
    expect(k, "assigning", may);
    after(k, COMMAND(SetCasePriority, .priority = "high"));
    expect(k, "a priority", may);
    after(k, COMMAND(AskQuestion, .text = "which?"));
    expect(k, "a question", may);
}

/* What the agency keeps for itself is missing to all others, the author among them. */
static void check_file(const struct a_case *k)
{
    bool runs = k->status == RECEIVED || k->status == ASSIGNED || k->status == IN_PROGRESS;
    const struct problem *may = k->o->has_case ? NULL : not_their_case(k);
    after(k, COMMAND(NoteCase, .text = "a note"));
    expect(k, "a note", may);
    after(k, COMMAND(HoldCase, .reason = "a part"));
    expect(k, "a hold", may || runs ? may : NOT_HOLDABLE);
    after(k, COMMAND(ResumeCase));
    expect(k, "its end", may);
}

/* Into a report that is not there: who has the case is told of that one alone. */
static void check_merging(const struct a_case *k)
{
    after(k, COMMAND(MergeCase, .into = N1));
    expect(k, "merging", k->o->has_case ? NO_SUCH_REPORT : not_their_case(k));
    after(k, COMMAND(MergeCase, .into = R1));
    expect(k, "merging into itself", k->o->has_case ? NOT_MERGEABLE : not_their_case(k));
    after(k, COMMAND(UnmergeCase));
    expect(k, "un-merging", k->o->has_case ? NULL : not_their_case(k));
}

static void check_words(const struct a_case *k, bool sees)
{
    bool concerned = k->o->author || k->o->has_case;
    after(k, COMMAND(EditReport, .content = "two holes"));
    expect(k, "an edit",
           !sees                   ? NO_SUCH_REPORT
           : !k->o->author         ? NOT_YOURS
           : k->status != RECEIVED ? NOT_EDITABLE
                                   : NULL);
    after(k, COMMAND(CommentReport, .text = "it grows"));
    expect(k, "a comment",
           !sees                                                              ? NO_SUCH_REPORT
           : !concerned                                                       ? NOT_YOURS
           : !k->o->author && (k->status == CLOSED || k->status == WITHDRAWN) ? REPORT_IS_FINAL
                                                                              : NULL);
    after(k, COMMAND(AnswerQuestion, .question_id = N1, .text = "that one"));
    expect(k, "an answer", !sees ? NO_SUCH_REPORT : k->o->author ? NO_SUCH_QUESTION : NOT_YOURS);
}

static void check(const struct a_case *k)
{
    char expected = seen_by(k->o, k->visibility, k->kind, k->status);
    struct sight_facts facts = {(enum visibility)k->visibility, kind_from(filed_kinds[k->kind]),
                                (enum status)k->status};
    bool own = k->o->agency && strcmp(k->o->agency, OWNER) == 0;
    bool former = k->o->agency && strcmp(k->o->agency, FORMER) == 0;
    enum sight s = sight_of(&facts, k->o->role,
                            (k->o->author ? BY_AUTHOR : 0) | (own ? OF_AGENCY : 0) |
                                (former ? OF_FORMER_AGENCY : 0));
    if ((s == ALL ? 'a' : s == OPEN_PART ? 'p' : '-') != expected)
        test_fail(__FILE__, __LINE__, k->o->name, "the table disagrees", status_words[k->status]);
    if (k->o->role == ANYONE)
        return; /* nobody sends a command */
    check_votes(k, expected != '-');
    check_moves(k, expected != '-');
    check_handling(k);
    check_file(k);
    check_merging(k);
    check_words(k, expected != '-');
}

TEST(what_somebody_may_not_see_is_missing_to_their_commands_too)
{
    for (int i = 0; i < ONLOOKERS; i++)
        for (int v = 0; v < VISIBILITY_COUNT; v++)
            for (int kind = 0; kind < FILED_KINDS; kind++)
                for (int s = 0; s < STATUS_COUNT; s++)
                    if (strcmp(onlookers[i].name, SENT) !=
                        0) /* their commands: features/dispatch/answers_test.c */
                        check(&(struct a_case){&onlookers[i], v, kind, s});
}
