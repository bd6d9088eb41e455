/* category_test.c -- the catalog of categories. */
#include "tests/support/sentences.h"

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
    given_agency("AGENCY_INFRA", true);
    when(&admin, define("AGENCY_INFRA"));
    then("category-roads", "catalog", category_defined("roads", "AGENCY_INFRA"));
    CHECK_INT(asked_for(), 0);
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
    given_agency("AGENCY_SAFETY", true);
    when(&admin, define("AGENCY_SAFETY"));
    then("category-roads", "catalog", category_defined("roads", "AGENCY_SAFETY"));
    given_nothing();
    given(category_defined("roads", "AGENCY_SAFETY"));
    when(&system_actor, define("AGENCY_INFRA"));
    then_nothing();
}

static void refused_agency(const char *code)
{
    when(&admin, define(code));
    then_refused(NO_SUCH_AGENCY);
    CHECK_TEXT(decided()->fault.field, "agency");
}

TEST(a_category_is_given_to_an_agency_that_exists_and_is_active)
{
    given_nothing();
    refused_agency("AGENCY_INFAR");
    given_nothing();
    refused_agency("not an agency!");
    given_nothing();
    given_agency("AGENCY_OLD", false);
    refused_agency("AGENCY_OLD");
}

TEST(a_category_keeps_its_agency_that_has_become_inactive)
{
    struct command c = define("AGENCY_OLD");
    struct event e = category_defined("roads", "AGENCY_OLD");
    given_nothing();
    given_agency("AGENCY_OLD", false);
    given(e);
    c.DefineCategory.active = e.CategoryDefined.active = false;
    when(&admin, c);
    then("category-roads", "catalog", e);
}

/* Else a first start would never end where an admin has ended an agency. */
TEST(the_system_defines_its_categories_whatever_became_of_their_agency)
{
    given_nothing();
    given_agency("AGENCY_INFRA", false);
    when(&system_actor, define("AGENCY_INFRA"));
    then("category-roads", "catalog", category_defined("roads", "AGENCY_INFRA"));
}

TEST(names_are_by_language)
{
    static struct texts_pair pair[] = {{"en_US", "Roads"}};
    static const struct texts names = {1, pair};
    struct command c = define("AGENCY_INFRA");
    c.DefineCategory.names = &names;
    given_nothing();
    when(&admin, c);
    then_refused(BAD_TEXT);
    CHECK_TEXT(decided()->fault.field, "names");
}

TEST(a_code_is_lower_case_letters_digits_dash_and_underscore)
{
    CHECK(is_word("road-works_2"));
    CHECK(!is_word(""));
    CHECK(!is_word("Roads"));
    CHECK(!is_word("a/b"));
}

static void with(struct precondition if_match, struct precondition if_none_match)
{
    struct command c = define("AGENCY_INFRA");
    c.if_match = if_match;
    c.if_none_match = if_none_match;
    when(&admin, c);
}

static const struct precondition NO = {.given = false}, ANY = {.given = true, .any = true},
                                 ONE_OR_THREE = {.given = true, .count = 2, .versions = {1, 3}},
                                 TWO = {.given = true, .count = 1, .versions = {2}};

TEST(what_does_not_exist_matches_no_if_match_and_every_if_none_match)
{
    given_nothing();
    with(ANY, NO);
    then_refused(VERSION_MISMATCH);
    CHECK_TEXT(decided()->fault.field, "If-Match");
    given_nothing();
    with(ONE_OR_THREE, NO);
    then_refused(VERSION_MISMATCH);
    given_nothing();
    given_agency("AGENCY_INFRA", true);
    with(NO, ANY);
    then("category-roads", "catalog", category_defined("roads", "AGENCY_INFRA"));
}

TEST(what_exists_matches_any_and_the_versions_that_name_it)
{
    static const struct {
        const struct precondition *match, *none;
        bool holds;
    } rows[] = {
        {&ANY, &NO, true},  {&ONE_OR_THREE, &NO, true},  {&TWO, &NO, false},
        {&NO, &ANY, false}, {&NO, &ONE_OR_THREE, false}, {&NO, &TWO, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        given_nothing();
        given_agency("AGENCY_INFRA", true);
        given(category_defined("roads", "AGENCY_SAFETY")); /* version 1 */
        with(*rows[i].match, *rows[i].none);
        if (rows[i].holds)
            then("category-roads", "catalog", category_defined("roads", "AGENCY_INFRA"));
        else
            then_refused(VERSION_MISMATCH);
    }
}
