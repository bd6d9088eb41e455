/* outcomes_test.c -- what goes on record of commands, positions and log-ins. */
#include "tests/command-api/whole_service.h"

/* ---- commands ---- */

TEST(a_command_says_who_wrote_what)
{
    begin();
    const char *id = file_as(citizen, "PRIVATE");
    CHECK_LIKE(recorded_line(), "POST /reports 201 " TOLD "- " CITIZEN_1 " CITIZEN - - [1-9]*");
    say_as(citizen, arena_printf(&kept, "PATCH /reports/%s", id), "{\"content\":\"b\"}");
    CHECK_LIKE(recorded_line(), /* of citizens never an id */
               "PATCH /reports/{id} 200 " TOLD "- " CITIZEN_1 " CITIZEN - - [1-9]*");
    const char *say = arena_printf(&kept, "PATCH /cases/%s/status", id);
    say_as(officer, say, "{\"status\":\"IN_PROGRESS\"}");
    const char *done = arena_printf(
        &kept, "PATCH /cases/{id}/status 200 " TOLD "- " OFFICER_1 " OFFICER " INFRA " %s ", id);
    CHECK_LIKE(recorded_line(), arena_join(&kept, done, "[1-9]*", ""));
    say_as(officer, say, "{\"status\":\"IN_PROGRESS\"}"); /* it is so already: nothing written */
    CHECK_LIKE(recorded_line(), arena_join(&kept, done, "0", ""));
    say_as(officer, say, "{\"status\":\"ASSIGNED\"}");
    CHECK_LIKE(recorded_line(),
               arena_printf(&kept,
                            "PATCH /cases/{id}/status 409 * r-1 127.0.0.1 "
                            "ILLEGAL_MOVE known|- " OFFICER_1 " OFFICER " INFRA " %s 0",
                            id));
    say_as(officer, "POST /cases/bulk",
           arena_printf(&kept, "{\"ids\":[\"%s\"],\"priority\":\"high\"}", id));
    CHECK_LIKE(recorded_line(),
               "POST /cases/bulk 200 " TOLD "- " OFFICER_1 " OFFICER " INFRA " - [1-9]*");
}

TEST(a_refusal_that_a_rule_gave_somebody_else_says_who_it_was)
{
    begin();
    const char *id = file_as(author, "ANONYMOUS");
    say_as(citizen, arena_printf(&kept, "POST /reports/%s/upvote", id), "");
    CHECK_LIKE(recorded_line(), "POST /reports/{id}/upvote 404 * r-1 127.0.0.1 NO_SUCH_REPORT "
                                "known|- " CITIZEN_1 " CITIZEN - - 0");
    say_as(officer, arena_printf(&kept, "POST /cases/%s/acknowledge", id), "");
    CHECK_LIKE(recorded_line(), arena_printf(&kept,
                                             "POST /cases/{id}/acknowledge 200 " TOLD "- " OFFICER_1
                                             " OFFICER " INFRA " %s [1-9]*",
                                             id));
}

TEST(who_may_not_is_named_where_nobody_is_anonymous)
{
    begin();
    say_as(citizen, "PUT /agencies/" INFRA, "{}");
    CHECK_LIKE(recorded_line(),
               "PUT /agencies/{code} 403 * r-1 127.0.0.1 WRONG_ROLE known|admin " CITIZEN_1
               " CITIZEN - - 0");
    say_as("", "PUT /agencies/" INFRA, "{}");
    CHECK_LIKE(recorded_line(),
               "PUT /agencies/{code} 401 * r-1 127.0.0.1 NO_TOKEN known|admin - - - - 0");
}

/* ---- positions ---- */

TEST(a_position_is_one_of_many_alike)
{
    begin();
    const char *fix = "{\"location\":{\"latitude\":-6.2,\"longitude\":106.8}}";
    say_as(patrol, "PUT /patrols/" UNIT "/location", fix);
    CHECK_LIKE(recorded_line(),
               "PUT /patrols/{id}/location 200 " TOLD "rollup " MEMBER " PATROL " INFRA " - 0");
    say_as(patrol, "PUT /patrols/" UNIT, fix);
    CHECK_LIKE(recorded_line(), "PUT /patrols/{id} 200 " TOLD "rollup " MEMBER "*");
    say_as(patrol, "PUT /patrols/" UNIT, "{\"status\":\"available\"}"); /* a command, no position */
    CHECK_LIKE(recorded_line(), "PUT /patrols/{id} 404 * NO_SUCH_PATROL known|- " MEMBER
                                " PATROL " INFRA " " UNIT " 0");
}

/* ---- accounts ---- */

#define NAMED(name, password) "{\"username\":\"" name "\",\"password\":\"" password "\"}"
#define GOOD                  "a good password"

static const char *member(const char *answer, const char *name)
{
    const char *at = strstr(answer, arena_printf(&kept, "\"%s\":\"", name));
    return at ? arena_bytes(&kept, at + strlen(name) + 4, strcspn(at + strlen(name) + 4, "\""))
              : "";
}

TEST(log_ins_are_told_by_account_and_never_by_name)
{
    begin();
    const char *id = member(say_as("", "POST /auth/register", NAMED("zelda", GOOD)), "user_id");
    CHECK_LIKE(
        recorded_line(),
        arena_printf(&kept, "POST /auth/register 201 " TOLD "account %s CITIZEN - - [1-9]*", id));
    say_as("", "POST /auth/register", NAMED("zelda", GOOD)); /* by somebody else, perhaps */
    CHECK_LIKE(recorded_line(), "POST /auth/register 409 * NAME_TAKEN known|account - - - - 0");
    const char *answer = say_as("", "POST /auth/login", NAMED("zelda", GOOD));
    const char *refresh = member(answer, "refresh_token");
    CHECK_LIKE(recorded_line(),
               arena_printf(&kept, "POST /auth/login 200 " TOLD "login %s CITIZEN - - 0", id));
    say_as("", "POST /auth/login", NAMED("zelda", "a wrong password"));
    CHECK_LIKE(recorded_line(), arena_printf(&kept,
                                             "POST /auth/login 401 * r-1 127.0.0.1 BAD_CREDENTIALS "
                                             "known|login_failed %s CITIZEN - - 0",
                                             id));
    say_as("", "POST /auth/login", NAMED("hunter2", GOOD)); /* typed into the wrong field */
    CHECK_LIKE(recorded_line(), "POST /auth/login 401 * r-1 127.0.0.1 BAD_CREDENTIALS "
                                "known|login_failed - - - - 0");
    say_as("", "POST /auth/login", "{\"username\":\"hunter2\"}");
    CHECK_LIKE(recorded_line(), "POST /auth/login 400 * r-1 127.0.0.1 MISSING_FIELD "
                                "known|login_failed - - - - 0");
    say_as("", "POST /auth/refresh", arena_printf(&kept, "{\"refresh_token\":\"%s\"}", refresh));
    CHECK_LIKE(recorded_line(),
               arena_printf(&kept, "POST /auth/refresh 200 " TOLD "- %s CITIZEN - - 0", id));
    say_as("", "POST /auth/refresh", "{\"refresh_token\":\"hunter2\"}");
    CHECK_LIKE(recorded_line(), "POST /auth/refresh 401 * BAD_REFRESH_TOKEN "
                                "known|login_failed - - - - 0");
}

TEST(changes_of_accounts_say_who_changed_whose)
{
    begin();
    const char *id = member(say_as("", "POST /auth/register", NAMED("linus", GOOD)), "user_id");
    static const char *const changes[][3] = {
        {"PATCH", "role", "{\"role\":\"DISPATCHER\"}"},
        {"POST", "disable", ""},
        {"POST", "enable", ""},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const char *const *c = changes[i];
        say_as(admin, arena_printf(&kept, "%s /admin/users/%s/%s", c[0], id, c[1]), c[2]);
        CHECK_LIKE(recorded_line(), arena_printf(&kept,
                                                 "%s /admin/users/{id}/%s 200 " TOLD
                                                 "account " ADMIN_1 " ADMIN - %s [1-9]*",
                                                 c[0], c[1], id));
    }
    say_as(admin, "GET /admin/users?name=linus", "");
    CHECK_LIKE(recorded_line(), "GET /admin/users 200 " TOLD "admin " ADMIN_1 " ADMIN - - 0");
    say_as(citizen, arena_printf(&kept, "POST /admin/users/%s/disable", id), "");
    CHECK_LIKE(recorded_line(), "POST /admin/users/{id}/disable 403 * r-1 127.0.0.1 WRONG_ROLE "
                                "known|account " CITIZEN_1 " CITIZEN - - 0");
}
