/* plan_test.c -- by which plan a clock goes on, after each event of sla-<report>. */
#include "tests/support/sentences.h"

#include "features/sla/plan.h"

static struct arena arena;
static struct sla state;

static void given_no_plan(void)
{
    arena_release(&arena);
    state = (struct sla){0};
}

static void happened(struct event e)
{
    char stream[STREAM_TEXT];
    stream_of_sla(R1, stream);
    stream_decider(stream)->evolve(&state, &e, &arena);
}

static struct event repoliced(const char *clock, const char *policy, const char *calendar)
{
    return EVENT(SlaRepoliced, .report_id = R1, .clock = clock, .reason = "forwarded",
                 .consumed_us = 60000000, .policy = policy, .policy_version = 2,
                 .calendar = calendar, .calendar_version = calendar ? 3 : 0, .due_at = NOON + DAY,
                 .repoliced_at = NOON);
}

TEST(the_first_plan_is_no_event)
{
    given_no_plan();
    CHECK(!plan_of(&state, "resolve"));
}

TEST(a_clock_goes_on_by_the_newest_plan_with_what_it_had_consumed)
{
    given_no_plan();
    happened(repoliced("resolve", "roads", "office"));
    happened(EVENT(SlaPlanned, .report_id = R1, .clock = "resolve", .reason = "calendar",
                   .consumed_us = 90000000, .policy = "roads", .policy_version = 2,
                   .calendar = "office", .calendar_version = 4, .planned_at = NOON + 1));
    const struct sla_plan *p = plan_of(&state, "resolve");
    CHECK_TEXT(p->policy, "roads");
    CHECK_TEXT(p->calendar, "office");
    CHECK_INT(p->policy_version, 2);
    CHECK_INT(p->calendar_version, 4);
    CHECK_INT(p->consumed_us, 90000000);
    CHECK_INT(p->due_at, 0);
    CHECK_INT(p->at, NOON + 1);
}

TEST(each_clock_has_its_own_plan)
{
    given_no_plan();
    happened(repoliced("resolve", "roads", "office"));
    happened(repoliced("answer:" N1, "parks", "always"));
    happened(repoliced("resolve", "lamps", "always"));
    CHECK_TEXT(plan_of(&state, "resolve")->policy, "lamps");
    CHECK_TEXT(plan_of(&state, "answer:" N1)->policy, "parks");
    CHECK_INT(plan_of(&state, "answer:" N1)->due_at, NOON + DAY);
    CHECK(!plan_of(&state, "acknowledge"));
}

TEST(a_clock_that_the_new_policy_lacks_has_no_calendar)
{
    given_no_plan();
    happened(repoliced("resolve", "roads", "office"));
    happened(repoliced("resolve", "none", NULL));
    CHECK(!plan_of(&state, "resolve")->calendar);
    CHECK_TEXT(plan_of(&state, "resolve")->policy, "none");
}

TEST(a_plan_keeps_its_own_texts)
{
    char clock[] = "resolve", calendar[] = "office";
    given_no_plan();
    happened(repoliced(clock, "roads", calendar));
    clock[0] = calendar[0] = 'x';
    CHECK_TEXT(plan_of(&state, "resolve")->calendar, "office");
}
