/* silent_accounts_test.c -- log-ins while the database is there and says nothing. */
#include "tests/command-api/accounts_fixture.h"

enum { WAIT_MS = 1500, TIMEOUT_MS = 600, SLACK_MS = 900, MANY = 64 };

/* Names that differ: equal log-ins would share one hash. */
TEST(with_a_silent_database_every_log_in_is_answered_in_time)
{
    static struct call calls[MANY];
    accounts_server(2, 64);
    struct settings *s = (struct settings *)(uintptr_t)accounts_server_api()->settings;
    const char *name = new_citizen();
    CHECK_INT(log_in(name, PASSWORD).status, 200);
    s->command_wait_ms = WAIT_MS;
    s->database_timeout_ms = TIMEOUT_MS;
    for (int i = 0; i < MANY; i++) {
        calls[i] = (struct call){.method = "POST", .path = "/auth/login"};
        snprintf(calls[i].body, sizeof(calls[i].body),
                 "{\"username\":\"nobody%d\",\"password\":\"%s\"}", i, PASSWORD);
    }
    test_postgres_freeze();
    ask_all(calls, MANY);
    test_postgres_thaw();
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(calls[i].reply.status, 503);
        if (calls[i].took_us > (WAIT_MS + TIMEOUT_MS + SLACK_MS) * 1000)
            test_int(__FILE__, __LINE__, "ms until it heard", calls[i].took_us / 1000,
                     WAIT_MS + TIMEOUT_MS);
    }
    s->command_wait_ms = 10000;
    CHECK_INT(log_in(name, PASSWORD).status, 200);
}
