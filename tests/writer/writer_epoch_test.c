/* writer_epoch_test.c -- a writer belongs to the first epoch it meets: in another one nothing of it
 * is appended, and its process ends. */
#include <signal.h>
#include <time.h>

#include "tests/writer/writer_fixture.h"

#include "writer/precondition.h"

static void change_store(const char *sql)
{
    CHECK_INT(count(sql), 1);
}

/* service_fail ends a process by SIGTERM, blocked as in a service. */
static bool has_ended(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    return sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 3}) == SIGTERM;
}

static void begin_blocked(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    start_writer();
    define_category();
}

static const char RAISE[] = "UPDATE es_store SET epoch = epoch + 1 RETURNING 1";

TEST(a_writer_of_an_old_life_appends_nothing_and_ends)
{
    char id[UUID_TEXT];
    begin_blocked();
    int64_t events = count("SELECT count(*) FROM es_event");
    change_store(RAISE);
    for (int n = 0; n < 3; n++) {
        new_id(id);
        struct pending *p = run(&citizen, create(id, "PUBLIC"), NULL);
        CHECK_PROBLEM(p->problem, EPOCH_RAISED);
        drop(p);
    }
    CHECK_INT(count("SELECT count(*) FROM es_event"), events);
    CHECK(has_ended());
    stop_writer();
}

/* Nor does a refusal count that rests on states of the old life. */
TEST(a_refusal_of_an_old_life_is_not_told_either)
{
    char id[UUID_TEXT];
    begin_blocked();
    new_id(id);
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    change_store(RAISE);
    struct pending *p = run(&officer, move(id, "CLOSED"), NULL);
    CHECK_PROBLEM(p->problem, EPOCH_RAISED);
    drop(p);
    CHECK(has_ended());
    stop_writer();
}

TEST(an_idle_writer_meets_the_new_life_by_itself)
{
    begin_blocked();
    change_store(RAISE);
    CHECK(has_ended());
    stop_writer();
}

TEST(an_etag_of_another_life_matches_no_version)
{
    char id[UUID_TEXT];
    begin_blocked();
    new_id(id);
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    const struct {
        int64_t epoch;
        const struct problem *expected;
    } tags[] = {{2, VERSION_MISMATCH}, {1, NULL}};
    for (int i = 0; i < 2; i++) {
        struct command c = move(id, "IN_PROGRESS");
        c.if_match = (struct precondition){
            .given = true, .count = 1, .versions = {1}, .epochs = {tags[i].epoch}};
        struct pending *p = command(&officer, c, NULL);
        put(p);
        CHECK_PROBLEM(get()->problem, tags[i].expected);
        drop(p);
    }
    stop_writer();
}

static int64_t epoch_of(const char *header)
{
    struct precondition p = {0};
    CHECK(precondition_read(header, &p));
    return p.epochs[0];
}

TEST(the_epoch_of_an_etag_is_read_where_it_is_one_of_ours)
{
    CHECK_INT(epoch_of("\"7-0123456789abcdef\""), 1);
    CHECK_INT(epoch_of("W/\"7-0123456789abcdef-12\""), 12);
    CHECK_INT(epoch_of("\"7\""), 0);
    CHECK_INT(epoch_of("\"7-ab12\""), 0);
    CHECK_INT(epoch_of("\"7-anything\""), 0);
    CHECK_INT(epoch_of("\"7-0123456789abcdef-x\""), 0);
    CHECK_INT(epoch_of("\"7-0123456789abcdef0\""), 0);
    CHECK_INT(epoch_of("\"7-0123456789abcdef0-12\""), 0);
}
