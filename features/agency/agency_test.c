/* agency_test.c -- the catalog of agencies. */
#include "tests/support/sentences.h"

#include "features/agency/agency.h"

static struct command define(const char *code, const char *parent)
{
    struct event e = agency_defined(code, parent);
    struct command c =
        COMMAND(DefineAgency, .names = e.AgencyDefined.names, .parent = parent, .active = true);
    c.target = code;
    return c;
}

static void given_below(const char *parent, const char *code)
{
    char stream[STREAM_TEXT];
    stream_of_agency(code, stream);
    given_in(stream, agency_defined(code, parent));
}

static void refused_parent(const struct problem *p)
{
    then_refused(p);
    CHECK_TEXT(decided()->fault.field, "parent");
}

TEST(names_are_by_language)
{
    static struct texts_pair pair[] = {{"en_US", "Roads"}};
    static const struct texts names = {1, pair};
    struct command c = define("AGENCY_ROADS", NULL);
    c.DefineAgency.names = &names;
    given_nothing();
    when(&admin, c);
    then_refused(BAD_TEXT);
    CHECK_TEXT(decided()->fault.field, "names");
}

TEST(an_admin_defines_an_agency_and_changes_it)
{
    given_nothing();
    when(&admin, define("PARKS", NULL));
    then("agency-PARKS", "catalog", agency_defined("PARKS", NULL));
    given_nothing();
    given(agency_defined("PARKS", NULL));
    struct command c = define("PARKS", NULL);
    struct event e = agency_defined("PARKS", NULL);
    c.DefineAgency.active = e.AgencyDefined.active = false;
    when(&admin, c);
    then("agency-PARKS", "catalog", e);
}

TEST(the_same_agency_again_and_the_systems_own_definition_are_success_without_an_event)
{
    given_nothing();
    given_agency("CITY", true);
    given(agency_defined("PARKS", "CITY"));
    when(&admin, define("PARKS", "CITY"));
    then_nothing();
    given_nothing();
    given(agency_defined("PARKS", "CITY"));
    when(&system_actor, define("PARKS", NULL));
    then_nothing();
}

TEST(a_code_is_capitals_digits_and_underscore)
{
    CHECK(is_code("PARKS_2"));
    CHECK(!is_code(""));
    CHECK(!is_code("Parks"));
    CHECK(!is_code("A-B"));
}

TEST(a_parent_is_an_agency_that_is_active)
{
    given_nothing();
    given_agency("CITY", true);
    when(&admin, define("PARKS", "CITY"));
    then("agency-PARKS", "catalog", agency_defined("PARKS", "CITY"));
    CHECK_INT(asked_for(), 0);
    given_nothing();
    when(&admin, define("PARKS", "CITY"));
    refused_parent(NO_SUCH_AGENCY);
    given_nothing();
    when(&admin, define("PARKS", "no agency"));
    refused_parent(NO_SUCH_AGENCY);
    given_nothing();
    given_agency("CITY", false);
    when(&admin, define("PARKS", "CITY"));
    refused_parent(NO_SUCH_AGENCY);
}

TEST(a_parent_that_has_become_inactive_is_kept)
{
    given_nothing();
    given_agency("CITY", false);
    given(agency_defined("PARKS", "CITY"));
    struct command c = define("PARKS", "CITY");
    struct event e = agency_defined("PARKS", "CITY");
    c.DefineAgency.active = e.AgencyDefined.active = false;
    when(&admin, c);
    then("agency-PARKS", "catalog", e);
}

TEST(an_agency_does_not_stand_above_itself)
{
    given_nothing();
    given(agency_defined("A", NULL));
    when(&admin, define("A", "A"));
    refused_parent(AGENCY_CYCLE);
    given_nothing();
    given(agency_defined("A", NULL));
    given_below("A", "B");
    given_below("B", "C");
    when(&admin, define("A", "C"));
    refused_parent(AGENCY_CYCLE);
}

/* A1 above A2 above … */
static void given_chain(int length)
{
    static const char *const codes[] = {NULL, "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"};
    for (int i = 1; i <= length; i++)
        given_below(codes[i - 1], codes[i]);
}

TEST(at_most_eight_agencies_stand_above_each_other)
{
    given_nothing();
    given_chain(7);
    when(&admin, define("PARKS", "A7"));
    then("agency-PARKS", "catalog", agency_defined("PARKS", "A7"));
    given_nothing();
    given_chain(8);
    when(&admin, define("PARKS", "A8"));
    refused_parent(AGENCY_TOO_DEEP);
}
