/* whole_service.h -- a command-api with all its routes, a recorder, a store and a Redis of its own,
 * and clients of every kind. */
#pragma once

#include <sodium.h>

#include "command-api/accounts.h"
#include "command-api/authenticate.h"
#include "command-api/command_api.h"
#include "command-api/commands.h"
#include "command-api/fixes.h"
#include "command-api/lookups.h"
#include "platform/postgres/postgres.h"
#include "positions/units.h"
#include "tests/command-api/test_token.h"
#include "tests/platform/http_client.h"
#include "tests/support/recorder.h"
#include "tests/support/servers.h"
#include "writer/writer.h"

#define CITIZEN_1 "00000000-0000-7000-8000-0000000000c1"
#define OFFICER_1 "00000000-0000-7000-8000-0000000000f1"
#define OFFICER_2 "00000000-0000-7000-8000-0000000000f2"
#define ADMIN_1   "00000000-0000-7000-8000-0000000000d1"
#define MEMBER    "00000000-0000-7000-8000-0000000000a1"
#define UNIT      "00000000-0000-7000-8000-00000000000a"
#define NO_REPORT "00000000-0000-7000-8000-00000000000e"
#define INFRA     "AGENCY_INFRA"
#define TOLD      "* r-1 127.0.0.1 - known|"

static struct settings settings;
static struct command_api api;
static struct http_server *server;
static struct arena kept;

/* ---- the service ---- */

HELPER void release(void)
{
    writer_stop(api.writer);
    accounts_stop(api.accounts);
    fixes_stop(api.fixes);
    http_server_stop(server, 5000);
    lookups_free(api.lookups);
    writer_free(api.writer);
    accounts_free(api.accounts);
    fixes_free(api.fixes);
    http_server_free(server);
    token_key_free((struct token_key *)api.key);
    revoked_free(api.revoked);
    arena_release(&kept);
}

HELPER void begin_parts(void)
{
    struct token_key *key = NULL;
    settings_defaults(&settings);
    settings.database_url = settings.read_database_url = test_store_database();
    settings.database_timeout_ms = 2000;
    settings.redis_host = "127.0.0.1";
    settings.redis_port = test_redis_port();
    CHECK_OK(token_key_generate(arena_printf(&kept, "%s/key", test_folder()),
                                arena_printf(&kept, "%s/pub", test_folder())));
    CHECK_OK(token_key_read(arena_printf(&kept, "%s/key", test_folder()), true, &key));
    api.key = key;
    api.settings = &settings;
    api.revoked = revoked_new();
    api.writer = writer_new(&settings, NULL, NULL);
    api.lookups = lookups_new(&settings, api.writer);
    api.fixes = fixes_new(&settings, "");
    CHECK_OK(accounts_start(&api, &api.accounts));
    while (!units_are_known(fixes_units(api.fixes)) || !revoked_is_known(api.revoked))
        pause_ms(10);
    units_made(fixes_units(api.fixes), UNIT, INFRA);
    units_joined(fixes_units(api.fixes), UNIT, MEMBER);
}

HELPER void listen_to_all(void)
{
    static struct http_route routes[200];
    int count = 0;
    for (int i = 0; i < command_route_count; i++)
        routes[count++] = command_routes[i];
    for (int i = 0; i < account_route_count; i++)
        routes[count++] = account_routes[i];
    struct http_settings s = {.address = "127.0.0.1",
                              .loops = 1,
                              .max_connections = 100,
                              .max_body_bytes = 2000,
                              .context = &api,
                              .may_be_anonymous = command_route_may_be_anonymous,
                              .outcome = record_outcome,
                              .turn = record_turn};
    CHECK_OK(http_server_new(&s, routes, count, &server));
    http_on_loop(server, authenticate_begin, authenticate_end);
    http_server_start(server);
}

/* ---- clients ---- */

/* The header line of it. */
HELPER const char *token_of(enum role role, const char *user, const char *agency)
{
    return arena_printf(&kept, "Authorization: Bearer %s\r\n",
                        test_token(api.key, role, user, agency, &kept));
}

/* `what` is "POST /reports"; the answer is kept. */
HELPER const char *say_as(const char *token, const char *what, const char *body)
{
    const char *answer = exchange(
        http_port(server), arena_printf(&kept,
                                        "%s HTTP/1.1\r\nHost: x\r\nX-Request-Id: r-1\r\n%s"
                                        "Content-Type: application/json\r\nContent-Length: %zu"
                                        "\r\n\r\n%s",
                                        what, token, strlen(body), body));
    return arena_text(&kept, answer);
}

static const char *citizen, *officer, *author, *admin, *patrol;

HELPER void begin(void)
{
    if (server)
        return;
    if (sodium_init() < 0)
        exit(2);
    begin_parts();
    listen_to_all();
    atexit(release);
    citizen = token_of(CITIZEN, CITIZEN_1, "");
    officer = token_of(OFFICER, OFFICER_1, INFRA);
    author = token_of(OFFICER, OFFICER_2, INFRA);
    admin = token_of(ADMIN, ADMIN_1, "");
    patrol = token_of(PATROL, MEMBER, INFRA);
    say_as(admin, "PUT /agencies/" INFRA, "{\"names\":{\"en\":\"I\"},\"active\":true}");
    CHECK_LIKE(recorded_line(),
               "PUT /agencies/{code} 200 " TOLD "admin " ADMIN_1 " ADMIN - " INFRA " [1-9]*");
    say_as(admin, "PUT /categories/lainnya",
           "{\"names\":{\"en\":\"Other\"},\"agency\":\"" INFRA "\",\"kind\":\"issue\","
           "\"sensitive\":false,\"active\":true}");
    CHECK_LIKE(recorded_line(), "PUT /categories/{code} 200 " TOLD "admin * lainnya [1-9]*");
}

/* The id of a new report. */
HELPER const char *file_as(const char *token, const char *visibility)
{
    const char *answer =
        say_as(token, "POST /reports",
               arena_printf(&kept, "{\"content\":\"a\",\"visibility\":\"%s\"}", visibility));
    CHECK_INT(status_of(answer), 201);
    const char *id = strstr(answer, "\"report_id\":\"") + strlen("\"report_id\":\"");
    return arena_bytes(&kept, id, 36);
}
