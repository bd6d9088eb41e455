/* answers_test.c -- what crew, dispatcher, clock and report make of a dispatch: all three streams
 * change in one decision. */
#include "tests/support/given_dispatches.h"

/* ---- answers ---- */

TEST(the_crew_accepts_arrives_and_clears_and_the_report_follows)
{
    given_assigned();
    when(&patrol1, ON_D1(AcceptDispatch));
    then_count(3);
    then_at(0, "dispatch-" D1, "dispatch", step(D1, PA, "OFFERED", "ACCEPTED", "crew"));
    then_at(1, "patrol-" PA, "patrol", unit(PA, "assigned", "en_route", D1, "ACCEPTED"));
    then_at(2, "report-" R1, "report", told(D1, PA, "ACCEPTED"));
    given_assigned();
    given_step("OFFERED", "ACCEPTED", "assigned", "en_route");
    when(&patrol1, ON_D1(ArriveDispatch));
    then_count(4);
    then_at(1, "patrol-" PA, "patrol", unit(PA, "en_route", "on_scene", D1, "ARRIVED"));
    then_at(3, "report-" R1, "report", report_moved("ASSIGNED", "IN_PROGRESS"));
    given_arrived();
    when(&patrol1, ON_D1(ClearDispatch));
    then_count(3);
    then_at(1, "patrol-" PA, "patrol", unit(PA, "on_scene", "returning", D1, "CLEARED"));
}

TEST(a_dispatcher_answers_for_the_crew_and_alone_cancels)
{
    given_assigned();
    when(&dispatcher_safety, ON_D1(AcceptDispatch));
    then_count(3);
    CHECK_TEXT(decided()->emitted[0].event.DispatchStatusUpdated.by, "dispatcher");
    given_assigned();
    when(&patrol2, ON_D1(AcceptDispatch));
    then_refused(NOT_YOUR_PATROL);
    given_assigned();
    when(&patrol1, ON_D1(CancelDispatch));
    then_refused(ILLEGAL_DISPATCH_MOVE);
}

TEST(with_the_last_dispatch_that_ends_in_vain_the_report_is_what_it_was_before)
{
    given_assigned();
    when(&patrol1, ON_D1(DeclineDispatch, .reason = "flat tyre"));
    then_count(4);
    then_at(1, "patrol-" PA, "patrol", unit(PA, "assigned", "available", D1, "DECLINED"));
    then_at(3, "report-" R1, "report", report_moved("ASSIGNED", "RECEIVED"));
    given_assigned();
    given_offered(D2, PB);
    when(&dispatcher, ON_D1(CancelDispatch));
    then_count(3); /* another patrol is on its way */
    given_assigned();
    given_in("report-" R1, report_moved("ASSIGNED", "IN_PROGRESS")); /* by an officer */
    when(&dispatcher, ON_D1(CancelDispatch));
    then_count(3);
}

TEST(the_same_again_is_no_event_and_what_leads_nowhere_says_what_does)
{
    given_arrived();
    when(&patrol1, ON_D1(ArriveDispatch));
    then_nothing();
    given_assigned();
    when(&patrol1, ON_D1(ArriveDispatch));
    then_refused(ILLEGAL_DISPATCH_MOVE);
    CHECK_TEXT(decided()->members,
               "\"dispatch_status\":\"OFFERED\",\"allowed\":[\"ACCEPTED\",\"DECLINED\"]");
    given_nothing();
    when(&dispatcher, ON_D1(AcceptDispatch));
    then_refused(NO_SUCH_DISPATCH);
}

TEST(an_offer_that_nobody_answers_times_out_not_before_its_time)
{
    given_assigned();
    when(&system_actor, ON_D1(TimeOutDispatch));
    then_count(4);
    then_at(0, "dispatch-" D1, "dispatch", step(D1, PA, "OFFERED", "TIMED_OUT", "time"));
    then_at(3, "report-" R1, "report", report_moved("ASSIGNED", "RECEIVED"));
    CHECK_INT(decided()->not_before, NOON + OFFER);
    given_arrived();
    when(&system_actor, ON_D1(TimeOutDispatch));
    then_nothing();
}

/* ---- the report ends it ---- */

static void when_resolved(const struct actor *a)
{
    when(a, COMMAND(UpdateReportStatus, .status = "RESOLVED", .note = "done"));
}

TEST(a_resolved_report_frees_its_patrols_in_the_same_decision)
{
    given_arrived();
    given_in("dispatch-" D2, dispatched(D2, PB, "RESERVED"));
    given_in("report-" R1, told(D2, PB, "RESERVED"));
    when_resolved(&admin);
    then_count(4);
    then_at(0, "dispatch-" D2, "dispatch", step(D2, PB, "RESERVED", "CANCELLED", "report"));
    then_at(1, "dispatch-" D1, "dispatch", step(D1, PA, "ARRIVED", "CLEARED", "report"));
    then_at(2, "patrol-" PA, "patrol", unit(PA, "on_scene", "returning", D1, "CLEARED"));
}

TEST(the_crew_that_is_sent_to_it_resolves_a_report_and_no_other_crew)
{
    given_arrived();
    when_resolved(&patrol1);
    then_count(3);
    given_arrived();
    when_resolved(&patrol2);
    then_refused(NOT_YOURS);
    given_city("PUBLIC");
    when_resolved(&patrol1);
    then_refused(NOT_YOURS);
}
