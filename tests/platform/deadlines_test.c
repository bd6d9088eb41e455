/* deadlines_test.c -- "blocks at most its deadline", whatever a call is made of and however the
 * other side is silent. */
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "platform/postgres/pipeline.h"
#include "platform/redis/redis.h"

enum { TIMEOUT_MS = 600, SLACK_MS = 250 };

static const struct pg_statement ONE = {"one", "SELECT 1"};
static const struct pg_statement NAP = {NULL, "SELECT pg_sleep(0.4)"};

static int64_t began;

static void start_clock(void)
{
    began = time_monotonic();
}

/* Since start_clock, no longer than one deadline. */
#define CHECK_IN_TIME()                                                            \
    do {                                                                           \
        int64_t ms_ = (time_monotonic() - began) / 1000;                           \
        if (ms_ > TIMEOUT_MS + SLACK_MS)                                           \
            test_int(__FILE__, __LINE__, "ms until the problem", ms_, TIMEOUT_MS); \
    } while (0)

static struct pg *connected(const char *url)
{
    struct pg *c = pg_new(url, "test", NULL, TIMEOUT_MS);
    CHECK_OK(pg_call(c, &ONE, 0, NULL, NULL));
    return c;
}

TEST(a_call_on_a_connection_that_has_fallen_silent_ends_in_time)
{
    struct pg *c = connected(test_database());
    test_postgres_freeze();
    start_clock();
    CHECK_PROBLEM(pg_call(c, &ONE, 0, NULL, NULL), DATABASE_UNAVAILABLE);
    CHECK_IN_TIME();
    start_clock();
    CHECK_PROBLEM(pg_run(c, "SELECT 1"), DATABASE_UNAVAILABLE); /* connects */
    CHECK_IN_TIME();
    test_postgres_thaw();
    pg_free(c);
}

/* A first try that waits and then loses its connection; the second one does the same. */
static const struct pg_statement LOSE = {
    NULL, "SELECT pg_sleep(0.5), pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"};

TEST(a_second_try_shares_the_deadline_of_the_first)
{
    struct pg *c = connected(test_database());
    start_clock();
    CHECK_PROBLEM(pg_call_again(c, &LOSE, 0, NULL, NULL), DATABASE_UNAVAILABLE);
    CHECK_IN_TIME();
    CHECK_OK(pg_call(c, &ONE, 0, NULL, NULL));
    test_postgres_freeze();
    start_clock();
    CHECK_PROBLEM(pg_call_again(c, &ONE, 0, NULL, NULL), DATABASE_UNAVAILABLE);
    CHECK_IN_TIME();
    test_postgres_thaw();
    CHECK_OK(pg_call_again(c, &ONE, 0, NULL, NULL));
    pg_free(c);
}

TEST(a_connection_that_died_while_it_was_idle_costs_a_second_try_and_no_error)
{
    const char *url = test_database();
    struct pg *c = connected(url);
    test_postgres_stop();
    test_postgres_start();
    CHECK_OK(pg_call_again(c, &ONE, 0, NULL, NULL));
    pg_free(c);
}

/* Each of them alone would be in time. */
TEST(connecting_settings_and_the_call_share_one_deadline)
{
    struct pg *c = pg_new(test_database(), "test", "SELECT pg_sleep(0.4)", TIMEOUT_MS);
    start_clock();
    CHECK_PROBLEM(pg_call(c, &NAP, 0, NULL, NULL), DATABASE_UNAVAILABLE);
    CHECK_IN_TIME();
    pg_free(c);
}

TEST(calls_that_share_a_deadline_end_by_it_together)
{
    struct pg *c = connected(test_database());
    start_clock();
    pg_share_deadline(c, began + TIMEOUT_MS * 1000);
    CHECK_OK(pg_call(c, &NAP, 0, NULL, NULL));
    CHECK_PROBLEM(pg_call(c, &NAP, 0, NULL, NULL), DATABASE_UNAVAILABLE);
    CHECK_PROBLEM(pg_call(c, &ONE, 0, NULL, NULL), DATABASE_UNAVAILABLE);
    CHECK_IN_TIME();
    pg_share_deadline(c, 0);
    CHECK_OK(pg_call(c, &NAP, 0, NULL, NULL));
    pg_free(c);
}

TEST(a_call_whose_deadline_has_passed_is_not_sent)
{
    struct pg *c = connected(test_database());
    int64_t generation = pg_generation(c);
    pg_share_deadline(c, time_monotonic() - 1);
    CHECK_PROBLEM(pg_run(c, "CREATE TABLE too_late ()"), DATABASE_UNAVAILABLE);
    pg_share_deadline(c, 0);
    CHECK_OK(pg_run(c, "CREATE TABLE too_late ()"));
    CHECK_INT(pg_generation(c), generation); /* it is as good as before */
    pg_free(c);
}

static const struct pg_statement TAKE = {NULL, "SELECT length($1::text)"};

/* While the first statement sleeps the server reads nothing, so that adding waits, too. */
TEST(all_the_waiting_of_a_pipeline_shares_one_deadline)
{
    struct pg *c = connected(test_database());
    struct pipeline *p = NULL;
    char *large = malloc(8 << 20);
    const char *values[] = {large};
    if (!large)
        abort();
    memset(large, 'x', (8 << 20) - 1);
    large[(8 << 20) - 1] = '\0';
    CHECK_OK(pipeline_begin(c, &p));
    start_clock();
    const struct problem *problem = pipeline_add(p, &NAP, 0, NULL, NULL);
    for (int i = 0; i < 3 && !problem; i++)
        problem = pipeline_add(p, i == 1 ? &NAP : &TAKE, i == 1 ? 0 : 1, values, NULL);
    if (!problem)
        problem = pipeline_end(p);
    CHECK_PROBLEM(problem, DATABASE_UNAVAILABLE);
    CHECK_IN_TIME();
    pipeline_free(p);
    free(large);
    pg_free(c);
}

/* ---- Redis ---- */

/* A server that sends one byte of `text` every 100 ms, over and over, and reads nothing. */
struct dripping {
    const char *text;
    int listener, port;
    atomic_bool stop;
    pthread_t thread;
};

static void *drip(void *arg)
{
    struct dripping *d = arg;
    int client = accept(d->listener, NULL, NULL);
    for (int i = 0; !atomic_load(&d->stop); i++) {
        if (send(client, d->text + (size_t)i % strlen(d->text), 1, MSG_NOSIGNAL) < 0)
            break;
        usleep(100000);
    }
    close(client);
    return NULL;
}

static struct redis *drip_start(struct dripping *d, const char *text, const char *password)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    *d = (struct dripping){.text = text, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    if (bind(d->listener, (struct sockaddr *)&a, size) || listen(d->listener, 1) ||
        getsockname(d->listener, (struct sockaddr *)&a, &size) ||
        pthread_create(&d->thread, NULL, drip, d))
        abort();
    d->port = ntohs(a.sin_port);
    start_clock();
    return redis_new("127.0.0.1", d->port, password, TIMEOUT_MS);
}

static void drip_stop(struct dripping *d, struct redis *r)
{
    CHECK_IN_TIME();
    redis_free(r);
    atomic_store(&d->stop, true);
    pthread_join(d->thread, NULL);
    close(d->listener);
}

TEST(an_answer_of_redis_that_comes_byte_by_byte_ends_in_time)
{
    struct dripping d;
    scoped_arena a = {0};
    struct redis_reply reply;
    struct redis *r = drip_start(&d, "+", "");
    CHECK_PROBLEM(redis_command(r, &a, &reply, "PING", NULL), REDIS_UNAVAILABLE);
    drip_stop(&d, r);
}

/* Each of the two answers takes half a second. */
TEST(the_password_and_the_call_of_redis_share_one_deadline)
{
    struct dripping d;
    scoped_arena a = {0};
    struct redis_reply reply;
    struct redis *r = drip_start(&d, "+OK\r\n", "any");
    CHECK_PROBLEM(redis_command(r, &a, &reply, "PING", NULL), REDIS_UNAVAILABLE);
    drip_stop(&d, r);
}

/* More than the buffers between the two can hold. */
TEST(a_redis_that_reads_nothing_is_given_up_in_time)
{
    struct dripping d;
    scoped_arena a = {0};
    struct redis_reply reply;
    size_t size = 32 << 20;
    char *large = arena_alloc(&a, size);
    struct redis *r = drip_start(&d, "+", "");
    CHECK_PROBLEM(redis_call(r, &(struct redis_argument){large, size}, 1, &a, &reply),
                  REDIS_UNAVAILABLE);
    drip_stop(&d, r);
}

TEST(connecting_to_a_redis_that_is_silent_ends_in_time)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    struct redis *r = redis_new("127.0.0.1", test_redis_port(), "", TIMEOUT_MS);
    struct redis *other = redis_new(test_redis_socket(), 0, "any", TIMEOUT_MS);
    CHECK_OK(redis_command(r, &a, &reply, "PING", NULL));
    CHECK_OK(redis_command(r, &a, &reply, "CLIENT", "PAUSE", "2000", "ALL", NULL));
    for (int i = 0; i < 2; i++) {
        start_clock();
        CHECK_PROBLEM(redis_command(i ? other : r, &a, &reply, "PING", NULL), REDIS_UNAVAILABLE);
        CHECK_IN_TIME();
    }
    redis_free(r);
    redis_free(other);
}
