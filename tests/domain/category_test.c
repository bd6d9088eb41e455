/* category_test.c -- the catalog of categories. */
#include "tests/domain/domain.h"

static struct command define(const char *agency)
{
    struct event e = category_defined("roads", agency);
    struct command c = COMMAND(DefineCategory, .names = e.CategoryDefined.names, .agency = agency,
                               .kind = "issue", .active = true);
    c.target = "roads";
    return c;
}

TEST(an_admin_defines_a_category)
{
    given_nothing();
    when(&admin, define("AGENCY_INFRA"));
    then("category-roads", "catalog", category_defined("roads", "AGENCY_INFRA"));
}

TEST(the_same_definition_again_is_success_without_an_event)
{
    given_nothing();
    given(category_defined("roads", "AGENCY_INFRA"));
    when(&admin, define("AGENCY_INFRA"));
    then_nothing();
}

TEST(an_admin_changes_a_category_and_the_system_does_not_change_it_back)
{
    given_nothing();
    given(category_defined("roads", "AGENCY_INFRA"));
    when(&admin, define("AGENCY_SAFETY"));
    then("category-roads", "catalog", category_defined("roads", "AGENCY_SAFETY"));
    given_nothing();
    given(category_defined("roads", "AGENCY_SAFETY"));
    when(&system_actor, define("AGENCY_INFRA"));
    then_nothing();
}

TEST(an_agency_that_no_account_can_have_is_refused)
{
    given_nothing();
    when(&admin, define("not an agency!"));
    then_refused(BAD_TEXT);
    CHECK_TEXT(decided()->fault.field, "agency");
}

TEST(a_code_is_lower_case_letters_digits_dash_and_underscore)
{
    CHECK(is_category_code("road-works_2"));
    CHECK(!is_category_code(""));
    CHECK(!is_category_code("Roads"));
    CHECK(!is_category_code("a/b"));
}
