/* filters_test.c -- an officer's saved filters. */
#include "tests/support/sentences.h"

#define FILTERS "filters-019b7f00-0000-7000-8000-0000000000f1"

static struct texts_pair status_pair[] = {{"status", "RECEIVED"}},
                         three_pairs[] = {{"status", "RECEIVED"},
                                          {"assignee", "me"},
                                          {"sort", "oldest"}},
                         sorted_pairs[] = {{"assignee", "me"},
                                           {"sort", "oldest"},
                                           {"status", "RECEIVED"}},
                         unknown_pair[] = {{"status", "RECEIVED"}, {"wish", "all"}};
static const struct texts by_status = {1, status_pair}, three = {3, three_pairs},
                          three_sorted = {3, sorted_pairs}, unknown = {2, unknown_pair};

static struct event saved(const char *name, const struct texts *filter)
{
    return EVENT(FiltersSaved, .user_id = officer_infra.user_id, .filter_name = name,
                 .filter = filter, .saved_at = NOON);
}

static struct event deleted(const char *name)
{
    return EVENT(FiltersDeleted, .user_id = officer_infra.user_id, .filter_name = name,
                 .deleted_at = NOON);
}

static void save(const char *name, const struct texts *filter)
{
    struct command c = COMMAND(SaveFilter, .filter = filter);
    c.target = name;
    when(&officer_infra, c);
}

static void delete (const char *name)
{
    struct command c = COMMAND(DeleteFilter);
    c.target = name;
    when(&officer_infra, c);
}

TEST(an_officer_saves_a_filter_in_a_stream_of_their_own)
{
    given_nothing();
    save("new", &by_status);
    then(FILTERS, "user", saved("new", &by_status));
}

TEST(the_same_filter_again_is_success_without_an_event_in_whatever_order_its_members_come)
{
    given_nothing();
    given(saved("mine", &three_sorted));
    save("mine", &three);
    then_nothing();
}

TEST(a_filter_is_changed_by_saving_it_again)
{
    given_nothing();
    given(saved("mine", &by_status));
    save("mine", &three);
    then(FILTERS, "user", saved("mine", &three_sorted));
}

TEST(a_filter_is_deleted_and_can_be_saved_again)
{
    given_nothing();
    given(saved("new", &by_status));
    delete ("new");
    then(FILTERS, "user", deleted("new"));
    given_nothing();
    given(saved("new", &by_status));
    given(deleted("new"));
    save("new", &by_status);
    then(FILTERS, "user", saved("new", &by_status));
}

TEST(a_filter_that_does_not_exist_cannot_be_deleted)
{
    given_nothing();
    given(saved("new", &by_status));
    given(deleted("new"));
    delete ("new");
    then_refused(NO_SUCH_FILTER);
}

TEST(what_is_no_parameter_of_the_inbox_is_refused_by_name)
{
    given_nothing();
    save("mine", &unknown);
    then_refused(NOT_A_CHOICE);
    CHECK_TEXT(decided()->fault.field, "filter.wish");
}

static void then_saved(const char *name, const char *value)
{
    struct texts_pair pair = {name, value};
    given_nothing();
    save("mine", &(const struct texts){1, &pair});
    if (decided_outcome())
        test_fail(__FILE__, __LINE__, name, decided_outcome()->name, value);
}

static void then_refused_by_name(const char *name, const char *value, const char *detail)
{
    struct texts_pair pair = {name, value};
    char field[64];
    given_nothing();
    save("mine", &(const struct texts){1, &pair});
    then_refused(NOT_A_CHOICE);
    snprintf(field, sizeof(field), "filter.%s", name);
    CHECK_TEXT(decided()->fault.field, field);
    CHECK_TEXT(decided()->fault.detail, detail);
}

TEST(a_filter_takes_the_values_that_the_inbox_takes)
{
    char user[] = "019B7F00-0000-7000-8000-0000000000F1";
    then_saved("assignee", "none");
    then_saved("assignee", user);
    CHECK_TEXT(user, officer_infra.user_id); /* the body's own text */
    then_saved("agency", "AGENCY_HEALTH");
    then_saved("category", "kesehatan");
    then_saved("forwarded", "true");
    then_saved("on_hold", "false");
    then_saved("waiting", "true");
    then_saved("priority", "urgent");
    then_saved("sort", "touched");
    then_saved("status", "CLOSED");
    then_saved("q", "hole");
}

TEST(a_value_that_the_inbox_does_not_take_is_refused_by_name)
{
    char long_text[102] = "";
    memset(long_text, 'x', 101);
    then_refused_by_name("assignee", "officer1", "Expected me, none or a user id.");
    then_refused_by_name("agency", long_text, "A text of 1 to 64 characters.");
    then_refused_by_name("category", long_text, "A text of 1 to 64 characters.");
    then_refused_by_name("forwarded", "yes", "Expected one of true, false.");
    then_refused_by_name("on_hold", "TRUE", "Expected one of true, false.");
    then_refused_by_name("waiting", "1", "Expected one of true, false.");
    then_refused_by_name("priority", "URGENT", "Expected one of low, medium, high, urgent.");
    then_refused_by_name("sort", "votes",
                         "Expected one of newest, oldest, priority, touched, due.");
    then_refused_by_name("status", "OPEN",
                         "Expected one of RECEIVED, ASSIGNED, IN_PROGRESS, RESOLVED, REJECTED, "
                         "CLOSED, WITHDRAWN.");
    then_refused_by_name("q", "x", "A text of 2 to 100 characters.");
    then_refused_by_name("q", long_text, "A text of 2 to 100 characters.");
}

TEST(no_page_of_the_inbox_is_saved)
{
    static const char members[] = "Expected one of agency, status, category, sort, assignee, "
                                  "priority, waiting, forwarded, q, on_hold, overdue.";
    then_refused_by_name("limit", "10", members);
    then_refused_by_name("cursor", "8a1f", members);
    then_refused_by_name("min_position", "1", members);
}

/* As parameters of queries have it; languages do not. */
TEST(a_member_with_an_underscore_is_read)
{
    static const char body[] = "{\"filter\":{\"on_hold\":\"true\"}}";
    scoped_arena a = {0};
    struct SaveFilter read;
    CHECK_OK(shape_read(command_shape(SaveFilter), body, strlen(body), &a, &read, NULL));
    CHECK_TEXT(read.filter->at[0].key, "on_hold");
}

TEST(an_officer_has_at_most_50_filters)
{
    char name[16];
    given_nothing();
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        given_in(FILTERS, saved(name, &by_status));
    }
    save("f7", &three);
    then(FILTERS, "user", saved("f7", &three_sorted));
    save("more", &by_status);
    CHECK(decided_outcome() == TOO_MANY_FILTERS);
    given_in(FILTERS, deleted("f3"));
    save("more", &by_status);
    CHECK_OK(decided_outcome());
}
