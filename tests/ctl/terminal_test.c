/* terminal_test.c -- what users and databases wrote cannot steer the terminal of who reads it. */
#include "tests/ctl/small_city.h"

/* Clears the screen, rings, begins a sequence of C1, turns the direction of writing. */
#define EVIL_SQL                      \
    "E'\\x1b[2J\\x07 \xc2\x9b"        \
    "31m \u202e \u2066 \u061c \u2028" \
    "end'"

static void check_nothing_steers(void)
{
    static const char *const evil[] = {"\x1b",         "\x07",     "\xc2\x9b",    "\xe2\x80\xae",
                                       "\xe2\x81\xa6", "\xd8\x9c", "\xe2\x80\xa8"};
    for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++)
        if (strstr(output, evil[i]))
            test_fail(__FILE__, __LINE__, output, "as it is", "escaped");
    CHECK(said("\\u001b[2J\\u0007 \\u009b31m \\u202e \\u2066 \\u061c \\u2028end"));
}

TEST(tables_show_what_would_steer_the_terminal)
{
    struct small_city c = poisoned_city();
    change(c.views, "UPDATE engine.parked SET error = " EVIL_SQL);
    CHECK_INT(ctl(&c, "parked list"), 0);
    check_nothing_steers();
    CHECK_INT(ctl(&c, "parked list --json"), 0);
    check_nothing_steers();
    CHECK_INT(ctl(&c, "parked show report_list " FIFTH), 0);
    check_nothing_steers();
    CHECK_INT(ctl(&c, "parked discard report_list " FIFTH " --reason x"), 1); /* the question */
    check_nothing_steers();
    city_leave(&c);
}

TEST(tail_shows_what_would_steer_the_terminal)
{
    struct small_city c = city_of_a_day();
    change(c.log, "UPDATE es_event SET data = replace(data::text, 'n 5', E'\\\\u001b[2J\\\\u0007 "
                  "\xc2\x9b"
                  "31m \u202e \u2066 \u061c \u2028"
                  "end')::jsonb WHERE position = 5");
    CHECK_INT(ctl(&c, "tail --from 5 --to 5"), 0);
    check_nothing_steers();
    CHECK_INT(ctl(&c, "tail --from 5 --to 5 --json"), 0);
    check_nothing_steers();
    city_leave(&c);
}

/* As names were stored before they were checked; each verb says on success whom it was about. */
TEST(what_was_done_is_told_with_names_that_steer_nothing)
{
    struct small_city c = city_found();
    test_shell("printf password | DATABASE_URL='%s' " CITYWATCHCTL
               " account add evil --role CITIZEN --password-file -",
               c.log_url);
    change(c.log, "UPDATE account SET user_name = " EVIL_SQL);
    scoped_arena a = {0};
    const char *file = arena_printf(&a, "%s/password", test_folder());
    const char *const verbs[] = {
        "disable evil --yes", "enable evil", "role evil --role CITIZEN",
        arena_join(&a, "password evil --password-file ", file, ""),
        arena_join(&a, "add evil --role CITIZEN --if-absent --password-file ", file, "")};
    test_shell("umask 077; printf password >%s", file);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        CHECK_INT(ctl(&c, "account %s", verbs[i]), 0);
        check_nothing_steers();
    }
    city_leave(&c);
}

TEST(words_that_are_repeated_are_shown_so)
{
    struct small_city c = city_of_a_day();
    CHECK(ctl(&c, "parked show \"$(printf '\\033[2J\\007 \\302\\23331m \\342\\200\\256 "
                  "\\342\\201\\246 \\330\\234 \\342\\200\\250end')\" x") > 0);
    check_nothing_steers();
    city_leave(&c);
}

TEST(a_reason_that_shows_nothing_is_none)
{
    struct small_city c = {.log_url = "", .views_url = ""};
    CHECK_INT(ctl(&c, "parked discard report_list x --reason ' \u3164\u200b' --yes"), 2);
    CHECK(said("--reason says why"));
}
