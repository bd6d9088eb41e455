/* crimes_test.c -- public reports of crimes, filed, moved and sent to in words of their own. */
#include "tests/support/given_dispatches.h"

#define OWN "report-" R1

static const struct actor nobody = {NULL, NULL, "", ANYONE};

static struct event crime(const char *visibility)
{
    struct event e = created(visibility);
    e.ReportCreated.kind = "crime";
    return e;
}

/* A crime of AGENCY_INFRA, and two patrols that are available. */
static void given_crime(void)
{
    given_nothing();
    given_in(OWN, crime("PUBLIC"));
    given_unit(PA, "available", PATROLLER1);
    given_unit(PB, "available", PATROLLER2);
}

static void given_crime_with_patrol(void)
{
    given_crime();
    given_offered(D1, PA);
    given_in(OWN, report_moved("RECEIVED", "ASSIGNED"));
}

static struct event moved_saying(const char *from, const char *to, const char *note)
{
    struct event e = report_moved(from, to);
    e.ReportStatusUpdated.note = note;
    return e;
}

static void then_answered(const char *status, const char *patrol)
{
    char expected[160];
    const char *quote = patrol ? "\"" : "";
    snprintf(expected, sizeof(expected), "\"id\":\"" R1 "\",\"status\":\"%s\",\"patrol_id\":%s%s%s",
             status, quote, patrol ? patrol : "null", quote);
    CHECK_TEXT(text_value(&decided()->answer), expected);
}

static struct command status(const char *word)
{
    return COMMAND(ChangeCrime, .status = word);
}

/* ---- filing ---- */

static void given_categories(void)
{
    struct event e = category_defined("kriminalitas", "AGENCY_INFRA");
    e.CategoryDefined.kind = "crime";
    given_nothing();
    given_in("category-kriminalitas", e);
    given_in("category-infrastruktur", category_defined("infrastruktur", "AGENCY_INFRA"));
}

TEST(a_crime_is_a_public_report_also_without_author)
{
    struct event e = crime("PUBLIC");
    e.ReportCreated.category = "kriminalitas";
    given_categories();
    when(&citizen1, COMMAND(CreateCrime, .description = "a hole"));
    then(OWN, "report", e);
    CHECK_TEXT(text_value(&decided()->answer), "\"id\":\"" R1 "\",\"status\":\"new\"");
    e.ReportCreated.reporter_user_id = NULL;
    given_categories();
    when(&nobody, COMMAND(CreateCrime, .description = "a hole"));
    then(OWN, "report", e);
    CHECK(!decided()->anonymous);
}

TEST(what_is_no_crime_is_not_filed_as_one)
{
    given_categories();
    when(&citizen1, COMMAND(CreateCrime, .description = "a hole", .category = "infrastruktur"));
    then_refused(NOT_A_CRIME);
    CHECK_TEXT(decided()->fault.field, "category");
    given_categories();
    when(&citizen1, COMMAND(CreateCrime, .description = "a hole", .category = "nowhere"));
    then_refused(NO_SUCH_CATEGORY);
    static const int64_t tomorrow = NOON + DAY;
    given_categories();
    when(&citizen1, COMMAND(CreateCrime, .description = "a hole", .occurred_at = &tomorrow));
    then_refused(OUT_OF_RANGE);
}

/* ---- its status ---- */

TEST(an_officer_moves_it_and_a_note_that_nobody_wrote_is_supplied)
{
    given_crime();
    when(&officer_infra, status("assigned"));
    then(OWN, "report", report_moved("RECEIVED", "IN_PROGRESS"));
    then_answered("assigned", NULL);
    given_crime();
    when(&officer_infra, status("resolved"));
    then(OWN, "report", moved_saying("RECEIVED", "RESOLVED", "by AGENCY_INFRA"));
    then_answered("resolved", NULL);
    given_crime();
    when(&officer_infra, COMMAND(ChangeCrime, .status = "rejected", .note = "It is a hole."));
    then(OWN, "report", moved_saying("RECEIVED", "REJECTED", "It is a hole."));
    given_crime();
    when(&admin, status("rejected"));
    then(OWN, "report", moved_saying("RECEIVED", "REJECTED", "by an admin"));
}

TEST(a_dispatcher_moves_crimes_and_no_other_reports)
{
    given_crime();
    when(&dispatcher, status("resolved"));
    then(OWN, "report", moved_saying("RECEIVED", "RESOLVED", "by a dispatcher"));
    given_city("PUBLIC");
    when(&dispatcher, status("resolved"));
    then_refused(NO_SUCH_CRIME);
}

TEST(what_is_so_already_in_its_words_is_no_event)
{
    static const char *const so[][2] = {{"RECEIVED", "new"},         {"ASSIGNED", "assigned"},
                                        {"IN_PROGRESS", "assigned"}, {"RESOLVED", "resolved"},
                                        {"CLOSED", "resolved"},      {"REJECTED", "rejected"}};
    for (int i = 0; i < 6; i++) {
        given_crime();
        given_in(OWN, report_moved("RECEIVED", so[i][0]));
        when(&officer_infra, status(so[i][1]));
        then_nothing();
        then_answered(so[i][1], NULL);
    }
}

TEST(a_move_that_is_not_allowed_names_those_that_are_in_its_words)
{
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "IN_PROGRESS"));
    when(&officer_infra, status("new"));
    then_refused(ILLEGAL_MOVE);
    CHECK_TEXT(decided()->members, "\"allowed\":[\"resolved\",\"rejected\"]");
    CHECK_TEXT(decided()->fault.detail,
               "From assigned you cannot move it to new; allowed: resolved, rejected.");
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "CLOSED"));
    when(&officer_infra, status("assigned"));
    then_refused(ILLEGAL_MOVE);
}

TEST(the_patrol_that_is_sent_moves_it_and_gives_its_name)
{
    given_crime_with_patrol();
    when(&patrol1, status("resolved"));
    then_count(3);
    then_at(2, OWN, "report", moved_saying("ASSIGNED", "RESOLVED", "by A"));
    then_answered("resolved", NULL);
    given_crime_with_patrol();
    when(&patrol1, status("rejected")); /* that is for the agency to say */
    then_refused(ILLEGAL_MOVE);
    given_crime_with_patrol();
    when(&patrol2, status("resolved"));
    then_refused(NOT_YOURS);
    given_crime();
    when(&patrol1, status("assigned"));
    then_refused(NOT_YOURS);
}

TEST(its_author_and_other_agencies_do_not_move_it)
{
    given_crime();
    when(&citizen1, status("resolved"));
    then_refused(NOT_YOURS);
    given_crime();
    when(&officer_health, status("resolved"));
    then_refused(NOT_YOURS);
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "RESOLVED"));
    when(&citizen1, status("assigned")); /* reopening is done with the report */
    then_refused(NOT_YOURS);
}

TEST(hidden_and_withdrawn_ones_are_not_there)
{
    given_nothing();
    given_in(OWN, crime("PRIVATE"));
    when(&officer_infra, status("resolved"));
    then_refused(NO_SUCH_CRIME);
    given_nothing();
    when(&officer_infra, status("resolved"));
    then_refused(NO_SUCH_CRIME);
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "WITHDRAWN"));
    when(&dispatcher, status("assigned"));
    then_refused(NO_SUCH_CRIME);
}

TEST(nothing_asked_for_is_refused_and_so_is_another_version)
{
    given_crime();
    when(&officer_infra, COMMAND(ChangeCrime, .note = "Hm."));
    then_refused(MISSING_FIELD);
    CHECK_TEXT(decided()->fault.field, "status");
    struct command c = status("resolved");
    c.if_match = (struct precondition){.given = true, .count = 1, .versions = {7}};
    given_crime();
    when(&officer_infra, c);
    then_refused(VERSION_MISMATCH);
    c = COMMAND(ChangeCrime, .patrol_id = PA);
    c.if_match = (struct precondition){.given = true, .count = 1, .versions = {7}};
    given_crime();
    when(&dispatcher, c);
    then_refused(VERSION_MISMATCH);
}

/* ---- a patrol is sent ---- */

static void then_sent(void)
{
    then_count(4);
    then_at(0, "dispatch-" N1, "dispatch", dispatched(N1, PA, "OFFERED"));
    then_at(1, "patrol-" PA, "patrol", unit(PA, "available", "assigned", N1, "OFFERED"));
    then_at(2, OWN, "report", told(N1, PA, "OFFERED"));
    then_at(3, OWN, "report", report_moved("RECEIVED", "ASSIGNED"));
    then_answered("assigned", PA);
}

TEST(naming_a_patrol_sends_it)
{
    given_crime();
    when(&dispatcher, COMMAND(ChangeCrime, .patrol_id = PA));
    then_sent();
    given_crime();
    when(&admin, COMMAND(ChangeCrime, .status = "assigned", .patrol_id = PA));
    then_sent();
}

TEST(a_patrol_that_is_on_its_way_is_not_sent_again)
{
    given_crime_with_patrol();
    when(&dispatcher, COMMAND(ChangeCrime, .patrol_id = PA));
    then_nothing();
    then_answered("assigned", PA);
    given_crime_with_patrol();
    when(&dispatcher, COMMAND(ChangeCrime, .status = "resolved", .patrol_id = PA));
    then_count(3);
    given_crime_with_patrol();
    when(&dispatcher, COMMAND(ChangeCrime, .status = "resolved", .patrol_id = PB));
    then_refused(OUT_OF_RANGE);
    CHECK_TEXT(decided()->fault.field, "patrol_id");
}

TEST(only_who_commands_the_patrol_sends_it)
{
    const struct actor other = {dispatcher.user_id, "p", "AGENCY_INFRA", DISPATCHER};
    const struct actor *const refused[] = {&officer_infra, &patrol1, &supervisor_infra};
    for (int i = 0; i < 3; i++) {
        given_crime();
        when(refused[i], COMMAND(ChangeCrime, .patrol_id = PA));
        then_refused(WRONG_ROLE);
    }
    given_crime();
    when(&other, COMMAND(ChangeCrime, .patrol_id = PA));
    then_refused(NOT_YOUR_PATROL);
    given_crime();
    when(&dispatcher, COMMAND(ChangeCrime, .patrol_id = D2));
    then_refused(NO_SUCH_PATROL);
}

TEST(nobody_is_sent_to_what_is_over_nor_who_is_taken)
{
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "RESOLVED"));
    when(&dispatcher, COMMAND(ChangeCrime, .patrol_id = PA));
    then_refused(NOT_DISPATCHABLE);
    given_crime();
    given_in("patrol-" PA, unit(PA, "available", "assigned", D2, "OFFERED"));
    when(&dispatcher, COMMAND(ChangeCrime, .patrol_id = PA));
    then_refused(PATROL_TAKEN);
}

/* ---- deleting ---- */

TEST(its_author_withdraws_it_and_an_admin_without_a_reason)
{
    given_crime();
    when(&citizen1, COMMAND(DeleteCrime));
    then(OWN, "report", report_moved("RECEIVED", "WITHDRAWN"));
    then_answered("withdrawn", NULL);
    given_crime();
    when(&admin, COMMAND(DeleteCrime));
    then(OWN, "report", moved_saying("RECEIVED", "WITHDRAWN", "by an admin"));
    given_crime_with_patrol();
    when(&admin, COMMAND(DeleteCrime, .reason = "A prank."));
    then_count(3);
    then_at(2, OWN, "report", moved_saying("ASSIGNED", "WITHDRAWN", "A prank."));
}

TEST(others_do_not_withdraw_it_and_nobody_what_is_worked_on)
{
    const struct actor *const refused[] = {&citizen2, &officer_infra, &dispatcher, &patrol1};
    for (int i = 0; i < 4; i++) {
        given_crime();
        when(refused[i], COMMAND(DeleteCrime));
        then_refused(NOT_YOURS);
    }
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "IN_PROGRESS"));
    when(&citizen1, COMMAND(DeleteCrime));
    then_refused(ILLEGAL_MOVE);
    given_crime();
    given_in(OWN, report_moved("RECEIVED", "WITHDRAWN"));
    when(&citizen1, COMMAND(DeleteCrime)); /* again: it is so */
    then_nothing();
}
