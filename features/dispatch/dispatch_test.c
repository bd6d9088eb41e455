/* dispatch_test.c -- a patrol is sent to a report: who, which one, now or later. */
#include "tests/support/given_dispatches.h"

/* ---- sending ---- */

TEST(report_patrol_and_dispatch_change_in_one_decision)
{
    given_city("PUBLIC");
    when(&dispatcher, SEND(.patrol_id = PA));
    then_count(4);
    then_at(0, "dispatch-" D1, "dispatch", dispatched(D1, PA, "OFFERED"));
    then_at(1, "patrol-" PA, "patrol", unit(PA, "available", "assigned", D1, "OFFERED"));
    then_at(2, "report-" R1, "report", told(D1, PA, "OFFERED"));
    then_at(3, "report-" R1, "report", report_moved("RECEIVED", "ASSIGNED"));
}

TEST(a_crime_is_named_by_its_own_word_and_both_may_not_differ)
{
    given_city("PUBLIC");
    when(&dispatcher, ON_D1(CreateDispatch, .crime_id = R1, .patrol_id = PA));
    then_count(4);
    given_city("PUBLIC");
    when(&dispatcher, SEND(.crime_id = PB, .patrol_id = PA));
    then_refused(BAD_TEXT);
    given_city("PUBLIC");
    when(&dispatcher, ON_D1(CreateDispatch, .patrol_id = PA));
    then_refused(MISSING_FIELD);
}

TEST(the_one_who_comes_second_is_told_which_dispatch_has_the_patrol)
{
    given_city("PUBLIC");
    given_in("patrol-" PA, unit(PA, "available", "assigned", D2, "OFFERED"));
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(PATROL_TAKEN);
    CHECK_TEXT(decided()->members, "\"dispatch_id\":\"" D2 "\",\"dispatch_status\":\"OFFERED\"");
}

TEST(shared_dispatches_stand_beside_each_other_and_not_beside_an_exclusive_one)
{
    static const bool no = false;
    struct event shared = unit(PA, "available", "assigned", D2, "OFFERED");
    shared.PatrolStatusUpdated.exclusive = false;
    given_city("PUBLIC");
    given_in("patrol-" PA, shared);
    when(&dispatcher, SEND(.patrol_id = PA, .exclusive = &no));
    then_count(4);
    given_city("PUBLIC");
    given_in("patrol-" PA, shared);
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(PATROL_TAKEN);
    given_city("PUBLIC");
    given_in("patrol-" PA, unit(PA, "available", "assigned", D2, "OFFERED"));
    when(&dispatcher, SEND(.patrol_id = PA, .exclusive = &no));
    then_refused(PATROL_TAKEN);
}

TEST(who_is_off_duty_or_of_another_agency_is_not_sent)
{
    const struct actor other = {dispatcher.user_id, "p", "AGENCY_INFRA", DISPATCHER};
    given_city("PUBLIC");
    given_in("patrol-" PA,
             EVENT(PatrolStatusUpdated, .patrol_id = PA, .agency = SAFETY,
                   .old_status = "available", .new_status = "off_duty", .changed_at = NOON));
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(PATROL_UNAVAILABLE);
    given_city("PUBLIC");
    when(&other, SEND(.patrol_id = PA));
    then_refused(NOT_YOUR_PATROL);
    given_city("PUBLIC");
    when(&dispatcher, SEND(.patrol_id = D2));
    then_refused(NO_SUCH_PATROL);
}

TEST(nobody_is_sent_to_what_the_dispatcher_may_not_see_or_what_is_over)
{
    given_city("PRIVATE"); /* an issue: dispatchers see crimes */
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(NO_SUCH_REPORT);
    given_city("PUBLIC");
    given_in("report-" R1, report_moved("RECEIVED", "RESOLVED"));
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(NOT_DISPATCHABLE);
}

TEST(a_second_patrol_leaves_the_report_as_it_is_and_the_same_one_goes_once)
{
    given_city("PUBLIC");
    given_offered(D2, PB);
    given_in("report-" R1, report_moved("RECEIVED", "ASSIGNED"));
    when(&dispatcher, SEND(.patrol_id = PA));
    then_count(3);
    given_city("PUBLIC");
    given_in("report-" R1, told(D2, PA, "RESERVED"));
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(SENT_ALREADY);
    given_city("PUBLIC");
    for (int i = 0; i < REPORT_DISPATCHES_MAX; i++) {
        char id[] = "019b7f00-0000-7000-8000-00000000e000";
        id[35] = (char)('0' + i);
        given_in("report-" R1, told(id, id, "RESERVED"));
    }
    when(&dispatcher, SEND(.patrol_id = PA));
    then_refused(TOO_MANY_DISPATCHES);
}

/* ---- without naming a patrol ---- */

static void when_sent_to_the_nearest(void)
{
    struct command c = SEND();
    c.prepared = &near_ones;
    when(&dispatcher, c);
}

TEST(without_a_patrol_the_first_candidate_goes_that_is_free_now)
{
    given_city("PUBLIC");
    when_sent_to_the_nearest();
    then_count(4);
    CHECK_TEXT(decided()->emitted[0].event.DispatchCreated.patrol_id, PA);
    CHECK_INT(decided()->emitted[0].event.DispatchCreated.recommended->distance_m, 100);
    given_city("PUBLIC");
    given_in("patrol-" PA, unit(PA, "available", "assigned", D2, "OFFERED"));
    when_sent_to_the_nearest();
    then_count(4);
    CHECK_TEXT(decided()->emitted[0].event.DispatchCreated.patrol_id, PB);
    given_city("PUBLIC");
    when(&dispatcher, SEND());
    then_refused(NO_PATROL_FREE);
}

TEST(a_candidate_must_have_the_skills_a_known_position_and_the_dispatchers_agency)
{
    static const struct Skill k9_rows[] = {{"k9"}};
    static const struct shape_list k9 = {1, k9_rows};
    struct command c = SEND(.skills = &k9);
    const struct actor other = {dispatcher.user_id, "p", "AGENCY_INFRA", DISPATCHER};
    c.prepared = &near_ones;
    given_city("PUBLIC");
    when(&dispatcher, c);
    then_refused(NO_PATROL_FREE);
    given_city("PUBLIC");
    given_in("patrol-" PA, EVENT(PatrolPositionLost, .patrol_id = PA, .agency = SAFETY,
                                 .last_fix_at = NOON, .lost_at = NOON));
    when_sent_to_the_nearest();
    CHECK_TEXT(decided()->emitted[0].event.DispatchCreated.patrol_id, PB);
    given_city("PUBLIC");
    c = SEND();
    c.prepared = &near_ones;
    when(&other, c);
    then_refused(NO_PATROL_FREE);
}

/* ---- reservations ---- */

TEST(a_reservation_changes_neither_patrol_nor_report_until_its_time)
{
    static const int64_t later = NOON + DAY, past = NOON - 1;
    struct event reserved = dispatched(D1, PA, "RESERVED");
    reserved.DispatchCreated.due_at = later;
    given_city("PUBLIC");
    when(&dispatcher, SEND(.patrol_id = PA, .due_at = &later));
    then_count(2);
    then_at(0, "dispatch-" D1, "dispatch", reserved);
    then_at(1, "report-" R1, "report", told(D1, PA, "RESERVED"));
    given_city("PUBLIC");
    when(&dispatcher, SEND(.patrol_id = PA, .due_at = &past));
    then_refused(OUT_OF_RANGE);
    given_city("PUBLIC");
    when(&dispatcher, SEND(.due_at = &later));
    then_refused(MISSING_FIELD);
}

static void given_reserved(void)
{
    struct event reserved = dispatched(D1, PA, "RESERVED");
    reserved.DispatchCreated.due_at = NOON;
    given_city("PUBLIC");
    given_in("dispatch-" D1, reserved);
    given_in("report-" R1, told(D1, PA, "RESERVED"));
}

TEST(a_reservation_is_offered_when_its_time_has_come_and_counts_as_declined_if_it_cannot_be)
{
    struct event offered = step(D1, PA, "RESERVED", "OFFERED", "time");
    offered.DispatchStatusUpdated.answer_by = NOON + OFFER;
    given_reserved();
    when(&system_actor, ON_D1(OfferReserved));
    then_count(4);
    then_at(0, "dispatch-" D1, "dispatch", offered);
    then_at(3, "report-" R1, "report", report_moved("RECEIVED", "ASSIGNED"));
    CHECK_INT(decided()->not_before, NOON);
    given_reserved();
    given_in("patrol-" PA, unit(PA, "available", "assigned", D2, "OFFERED"));
    when(&system_actor, ON_D1(OfferReserved));
    then_count(2);
    CHECK_TEXT(decided()->emitted[0].event.DispatchStatusUpdated.new_status, "DECLINED");
    given_reserved();
    when(&dispatcher, ON_D1(OfferReserved));
    then_refused(NO_SUCH_DISPATCH);
}

/* ---- another patrol in its place ---- */

/* D0, of the first patrol, was recommended and declined; its n-th. */
static void given_declined(int64_t round)
{
    static const struct Recommended why = {100, 2, 15};
    struct event e = dispatched(D0, PA, "OFFERED");
    e.DispatchCreated.recommended = &why;
    e.DispatchCreated.attempt = round;
    given_city("PUBLIC");
    given_in("dispatch-" D0, e);
    given_in("dispatch-" D0, step(D0, PA, "OFFERED", "DECLINED", "crew"));
}

static void when_replaced(void)
{
    struct command c = ON_D1(ReplaceDispatch, .replaces = D0);
    c.prepared = &near_ones;
    when(&system_actor, c);
}

TEST(a_declined_dispatch_goes_to_the_next_patrol_that_was_not_asked)
{
    given_declined(1);
    when_replaced();
    then_count(5);
    CHECK_TEXT(decided()->emitted[0].event.DispatchCreated.patrol_id, PB);
    CHECK_INT(decided()->emitted[0].event.DispatchCreated.attempt, 2);
    CHECK_TEXT(decided()->emitted[0].event.DispatchCreated.replaces, D0);
    then_at(4, "dispatch-" D0, "dispatch",
            EVENT(DispatchReplaced, .dispatch_id = D0, .report_id = R1, .replaced_by = D1,
                  .replaced_at = NOON));
}

TEST(after_three_others_or_when_none_is_left_it_stays_unfilled_and_is_not_replaced_twice)
{
    const struct event unfilled = EVENT(DispatchUnfilled, .dispatch_id = D0, .report_id = R1,
                                        .attempts = 4, .unfilled_at = NOON);
    given_declined(4);
    when_replaced();
    then("dispatch-" D0, "dispatch", unfilled);
    given_declined(1);
    given_in("patrol-" PB, unit(PB, "available", "assigned", D2, "OFFERED"));
    when_replaced();
    then_count(1);
    given_declined(1);
    given_in("dispatch-" D0, unfilled);
    when_replaced();
    then_nothing();
    given_assigned();
    given_in("dispatch-" D0, dispatched(D0, PA, "OFFERED")); /* it named its patrol */
    given_in("dispatch-" D0, step(D0, PA, "OFFERED", "DECLINED", "crew"));
    when_replaced();
    then_nothing();
}
