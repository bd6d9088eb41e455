/* fixes_test.c -- pushing positions over HTTP: who may, what is taken, and a Redis or a store that
 * is away. */
#include <sodium.h>

#include "command-api/authenticate.h"
#include "command-api/command_api.h"
#include "command-api/fixes.h"
#include "platform/postgres/postgres.h"
#include "positions/units.h"
#include "tests/command-api/test_token.h"
#include "tests/platform/http_client.h"
#include "tests/support/servers.h"

#define UNIT   "00000000-0000-7000-8000-00000000000a"
#define OTHER  "00000000-0000-7000-8000-00000000000b"
#define MEMBER "00000000-0000-7000-8000-0000000000a1"
#define PLACE  "\"location\":{\"latitude\":-6.2,\"longitude\":106.8}"

static struct settings settings;
static struct command_api api;
static struct http_server *server;
static struct arena kept;
static const struct fix_row row = {PATROL, DISPATCHER | ADMIN, NO_SUCH_ITEM, WRONG_ROLE, NULL};
static const struct http_route routes[] = {{"PUT", "/units/{id}/location", handle_fix, &row}};

static void release(void)
{
    fixes_stop(api.fixes);
    http_server_stop(server, 5000);
    http_server_free(server);
    fixes_free(api.fixes);
    token_key_free((struct token_key *)api.key);
    revoked_free(api.revoked);
    arena_release(&kept);
}

static void begin_api(void)
{
    struct token_key *key = NULL;
    int64_t position = -1;
    settings_defaults(&settings);
    settings.database_url = test_store_database();
    settings.database_timeout_ms = 1000;
    settings.redis_host = "127.0.0.1";
    settings.redis_port = test_redis_port();
    CHECK_OK(token_key_generate(arena_printf(&kept, "%s/key", test_folder()),
                                arena_printf(&kept, "%s/pub", test_folder())));
    CHECK_OK(token_key_read(arena_printf(&kept, "%s/key", test_folder()), true, &key));
    api.key = key;
    api.settings = &settings;
    api.revoked = revoked_new();
    struct pg *c = pg_new(settings.database_url, "test", NULL, 5000);
    CHECK_OK(revoked_follow(api.revoked, c, &position));
    pg_free(c);
}

/* A server with one unit of DINAS_A, to which MEMBER belongs, and one of DINAS_B. */
static void begin(void)
{
    if (server)
        return;
    if (sodium_init() < 0)
        exit(2);
    begin_api();
    api.fixes = fixes_new(&settings, "");
    while (!units_are_known(fixes_units(api.fixes)))
        pause_ms(10);
    units_made(fixes_units(api.fixes), UNIT, "DINAS_A");
    units_made(fixes_units(api.fixes), OTHER, "DINAS_B");
    units_joined(fixes_units(api.fixes), UNIT, MEMBER);
    struct http_settings s = {
        .address = "127.0.0.1", .loops = 1, .max_connections = 100, .context = &api};
    CHECK_OK(http_server_new(&s, routes, 1, &server));
    http_on_loop(server, authenticate_begin, authenticate_end);
    http_server_start(server);
    atexit(release);
}

static const char *token_of(enum role role, const char *user, const char *agency)
{
    return test_token(api.key, role, user, agency, &kept);
}

static const char *push(const char *token, const char *unit, const char *body)
{
    begin();
    return exchange(http_port(server),
                    arena_printf(&kept,
                                 "PUT /units/%s/location HTTP/1.1\r\nHost: x\r\n"
                                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %zu\r\n\r\n%s",
                                 unit, token, strlen(body), body));
}

static const char *as_member(const char *body)
{
    begin();
    return push(token_of(PATROL, MEMBER, "DINAS_A"), UNIT, body);
}

static void empty_redis(void)
{
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
}

static const char *at(int seconds_from_now)
{
    char time[TIME_TEXT];
    return arena_printf(&kept, "{" PLACE ",\"recorded_at\":\"%s\"}",
                        time_format(time_now() + seconds_from_now * INT64_C(1000000), time));
}

TEST(the_crew_moves_its_unit_and_a_late_fix_moves_nothing)
{
    empty_redis();
    const char *answer = as_member("{" PLACE ",\"accuracy_m\":4.5,\"speed_mps\":0,"
                                   "\"heading_deg\":359.5}");
    CHECK_INT(status_of(answer), 200);
    CHECK(strstr(answer, "\"accepted\":true,\"moved\":true,\"recorded_at\":\"20") != NULL);
    CHECK(strstr(as_member(at(-60)), "\"moved\":false") != NULL);
    const char *ahead = at(50);
    CHECK(strstr(as_member(ahead), "\"moved\":true") != NULL);
    CHECK(strstr(as_member(ahead), "\"moved\":false") != NULL);
    test_shell("test $(redis-cli -p %d xlen '{city}:fixes') = 3", test_redis_port());
}

TEST(a_fix_that_is_too_old_or_ahead_or_of_another_form_is_refused_by_its_member)
{
    const struct {
        const char *body, *problem, *field;
    } refused[] = {
        {at(70), "out-of-range", "recorded_at"},
        {at(-24 * 3600 - 10), "out-of-range", "recorded_at"},
        {"{\"location\":{\"latitude\":0,\"longitude\":0}}", "missing-fix", "location"},
        {"{\"location\":{\"latitude\":91,\"longitude\":0}}", "out-of-range", "location.latitude"},
        {"{" PLACE ",\"accuracy_m\":-1}", "out-of-range", "accuracy_m"},
        {"{" PLACE ",\"heading_deg\":361}", "out-of-range", "heading_deg"},
        {"{" PLACE ",\"speed_mps\":\"fast\"}", "wrong-type", "speed_mps"},
        {"{" PLACE ",\"speed\":1}", "unknown-field", "speed"},
        {"{\"accuracy_m\":1}", "missing-field", "location"},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        const char *answer = as_member(refused[i].body);
        CHECK_INT(status_of(answer), 400);
        CHECK(strstr(answer, arena_join(&kept, "/problems/", refused[i].problem, "\"")) != NULL);
        CHECK(strstr(answer, arena_join(&kept, "\"field\":\"", refused[i].field, "\"")) != NULL);
    }
}

TEST(only_its_crew_its_dispatchers_and_admins_push_for_a_unit)
{
    const struct {
        enum role role;
        const char *user, *agency, *unit;
        int status;
    } cases[] = {
        {PATROL, MEMBER, "DINAS_A", UNIT, 200},
        {PATROL, MEMBER, "DINAS_A", OTHER, 403},
        {PATROL, OTHER, "DINAS_A", UNIT, 403},
        {DISPATCHER, OTHER, "DINAS_A", UNIT, 200},
        {DISPATCHER, OTHER, "DINAS_B", UNIT, 403},
        {DISPATCHER, OTHER, "", UNIT, 200},
        {ADMIN, OTHER, "", OTHER, 200},
        {CITIZEN, MEMBER, "", UNIT, 403},
        {OFFICER, MEMBER, "DINAS_A", UNIT, 403},
        {SUPERVISOR, OTHER, "DINAS_A", UNIT, 403},
        {ADMIN, OTHER, "", MEMBER, 404},
        {ADMIN, OTHER, "", "no-id", 404},
    };
    begin();
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *token = token_of(cases[i].role, cases[i].user, cases[i].agency);
        CHECK_INT(status_of(push(token, cases[i].unit, "{" PLACE "}")), cases[i].status);
    }
    units_left(fixes_units(api.fixes), OTHER, MEMBER); /* was never in it */
    CHECK_INT(status_of(as_member("{" PLACE "}")), 200);
    units_left(fixes_units(api.fixes), UNIT, MEMBER);
    CHECK_INT(status_of(as_member("{" PLACE "}")), 403);
    units_joined(fixes_units(api.fixes), UNIT, MEMBER);
}

/* Into the log, as the feature's rules would. */
static void happens(const char *type, const char *data)
{
    struct pg *c = pg_new(settings.database_url, "test", NULL, 5000);
    CHECK_OK(pg_run(c, arena_printf(&kept,
                                    "WITH c AS (UPDATE es_counter SET position = position + 1 "
                                    "RETURNING position) INSERT INTO es_event (position, stream, "
                                    "version, category, event_id, type, schema, data, meta) "
                                    "SELECT position, 'x-' || position, 1, 'patrol', "
                                    "gen_random_uuid(), '%s', 1, '{%s}', '{}' FROM c",
                                    type, data)));
    pg_free(c);
}

TEST(who_has_just_joined_is_known_at_once_and_who_left_soon)
{
    const char *unit = "00000000-0000-7000-8000-0000000000c1";
    const char *user = "00000000-0000-7000-8000-0000000000c2";
    const char *crew = "\"patrol_id\":\"00000000-0000-7000-8000-0000000000c1\",\"agency\":\"A\","
                       "\"user_id\":\"00000000-0000-7000-8000-0000000000c2\",";
    const char *at_noon = "\":\"2026-01-02T12:00:00.000000Z\"";
    begin();
    const char *token = token_of(PATROL, user, "A");
    CHECK_INT(status_of(push(token, unit, "{" PLACE "}")), 404);
    happens("patrol.registered",
            arena_join(&kept,
                       "\"patrol_id\":\"00000000-0000-7000-8000-0000000000c1\",\"agency\":\"A\","
                       "\"call_sign\":\"A 1\",\"skills\":[],\"registered_at",
                       at_noon, ""));
    CHECK_INT(status_of(push(token, unit, "{" PLACE "}")), 403);
    happens("patrol.unheard.of", "");
    happens("patrol.crew.joined", arena_join(&kept, crew, "\"joined_at", at_noon));
    CHECK_INT(status_of(push(token, unit, "{" PLACE "}")), 200);
    happens("patrol.crew.left", arena_join(&kept, crew, "\"left_at", at_noon));
    pause_ms(1000);
    CHECK_INT(status_of(push(token, unit, "{" PLACE "}")), 403);
}

TEST(without_redis_a_fix_is_503_at_once_and_taken_again_after)
{
    begin();
    test_redis_stop();
    const char *answer = as_member("{" PLACE "}");
    CHECK_INT(status_of(answer), 503);
    CHECK(strstr(answer, "/problems/positions-away") != NULL);
    CHECK(strstr(answer, "Retry-After: ") != NULL);
    test_redis_start();
    int status = 503;
    for (int i = 0; i < 50 && status == 503; i++) {
        status = status_of(as_member("{" PLACE "}"));
        pause_ms(status == 503 ? 50 : 0);
    }
    CHECK_INT(status, 200);
}

TEST(a_redis_that_is_silent_costs_a_second_and_not_more)
{
    begin();
    test_shell("(redis-cli -p %d debug sleep 1.6 >/dev/null &) ; sleep 0.2", test_redis_port());
    int64_t began = time_monotonic();
    CHECK_INT(status_of(as_member("{" PLACE "}")), 503);
    CHECK(time_monotonic() - began < 1300000);
    began = time_monotonic();
    CHECK_INT(status_of(as_member("{" PLACE "}")), 503);
    CHECK(time_monotonic() - began < 200000);
    pause_ms(700);
    CHECK_INT(status_of(as_member("{" PLACE "}")), 200);
}
