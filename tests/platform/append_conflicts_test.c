/* append_conflicts_test.c -- batches that meet what is there already: answered keys, streams that
 * have moved or been made, by calls before and calls at the same time. */
#include "tests/platform/store_bench.h"

#include <pthread.h>
#include <unistd.h>

static void looks_at(struct one *o, struct append *c, const char *stream, int64_t version)
{
    o->streams[c->stream_count++] = (struct append_stream){stream, version, false};
}

/* A refusal: it has no events and stores no answer. */
static struct append *refused(struct one *o, const char *key, const char *stream, int64_t version)
{
    struct append *c = command(o, key, "x", stream, version, 0);
    c->status = 409;
    return c;
}

TEST(each_command_of_a_batch_has_its_own_conflict)
{
    struct bench b = open_store(test_store_database());
    struct one ones[9];
    struct append first[] = {*command(&ones[0], "answered", "x", "report-1", 0, 1),
                             *command(&ones[1], "used", "x", "report-2", 0, 1),
                             *command(&ones[2], "made", "x", "report-3", 0, 2)};
    CHECK_OK(store_append(b.store, first, 3, &b.arena));
    struct append batch[] = {
        *command(&ones[0], "fresh-1", "x", "report-10", 0, 2),
        *command(&ones[1], "answered", "x", "report-11", 0, 1),
        *command(&ones[2], "used", "y", "report-12", 0, 1),
        *command(&ones[3], "late", "x", "report-2", 3, 1),
        *command(&ones[4], "taken", "x", "report-3", 0, 1), /* another process made it */
        *command(&ones[5], "moves", "x", "report-1", 1, 1),
        *refused(&ones[6], "refused", "report-13", 0),
        *command(&ones[7], "true", "x", "report-14", 0, 0),
        *command(&ones[8], "fresh-2", "x", "report-15", 0, 1),
    };
    CHECK_OK(store_append(b.store, batch, 9, &b.arena));
    static const enum outcome outcomes[] = {COMMITTED, REPLAYED, OUTCOME_KEY_REUSED,
                                            STALE,     STALE,    COMMITTED,
                                            CHECKED,   CHECKED,  COMMITTED};
    for (int i = 0; i < 9; i++)
        CHECK_INT(batch[i].outcome, outcomes[i]);
    CHECK_INT(batch[0].position, 6);
    CHECK_INT(batch[0].version, 2);
    CHECK_INT(batch[1].position, first[0].position);
    CHECK_TEXT(batch[1].replayed_body, "x");
    CHECK_INT(batch[5].position, 7);
    CHECK_INT(batch[5].version, 2);
    CHECK_INT(batch[8].position, 8);
    check_log(&b, 8);
    CHECK_INT(ask(&b, "SELECT count(*) FROM es_result"), 7);
    CHECK_INT(
        ask(&b, "SELECT count(*) FROM es_result r WHERE version > 0 AND NOT EXISTS "
                "(SELECT FROM es_event e WHERE (e.position, e.version) = (r.position, r.version))"),
        0);
    close_store(&b);
}

TEST(a_command_that_stores_no_answer_has_its_key_looked_up)
{
    struct bench b = open_store(test_store_database());
    struct one first, again;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 1)));
    CHECK_OK(append_one(&b, refused(&again, "k1", "report-1", 1)));
    CHECK_INT(again.append.outcome, REPLAYED);
    CHECK_OK(append_one(&b, command(&again, "k1", "x", "report-1", 7, 1))); /* stale as well */
    CHECK_INT(again.append.outcome, REPLAYED);
    CHECK_INT(again.append.position, 1);
    CHECK_OK(append_one(&b, command(&again, "k1", "y", "report-1", 7, 1)));
    CHECK_INT(again.append.outcome, OUTCOME_KEY_REUSED);
    check_log(&b, 1);
    close_store(&b);
}

TEST(the_same_key_of_another_actor_is_another_key)
{
    struct bench b = open_store(test_store_database());
    struct one first, other, again;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 1)));
    command(&other, "k1", "y", "report-2", 0, 1);
    other.append.actor = "b";
    CHECK_OK(append_one(&b, &other.append));
    CHECK_INT(other.append.outcome, COMMITTED);
    command(&again, "k1", "y", "report-3", 0, 1);
    again.append.actor = "b";
    CHECK_OK(append_one(&b, &again.append));
    CHECK_INT(again.append.outcome, REPLAYED);
    CHECK_INT(again.append.position, 2);
    /* beside one that makes the call look all keys up */
    struct append both[] = {*command(&other, "k1", "y", "report-4", 0, 1),
                            *command(&again, "k2", "x", "report-1", 0, 1)};
    both[0].actor = "c";
    CHECK_OK(store_append(b.store, both, 2, &b.arena));
    CHECK_INT(both[0].outcome, COMMITTED);
    CHECK_INT(both[1].outcome, STALE);
    check_log(&b, 3);
    close_store(&b);
}

/* Names in no order, some looked at twice, one of them at two versions. */
TEST(of_commands_that_look_at_the_same_streams_those_with_an_old_version_are_stale)
{
    struct bench b = open_store(test_store_database());
    struct one ones[5];
    CHECK_OK(append_one(&b, command(&ones[0], "k1", "x", "category-b", 0, 2)));
    CHECK_OK(append_one(&b, command(&ones[0], "k2", "x", "category-a", 0, 1)));
    struct append batch[5];
    static const int64_t versions[5][2] = {{2, 1}, {1, 1}, {2, 1}, {1, 1}, {2, 1}};
    static const enum outcome outcomes[] = {COMMITTED, STALE, COMMITTED, STALE, COMMITTED};
    char names[5][16];
    for (int i = 0; i < 5; i++) {
        snprintf(names[i], sizeof(names[i]), "report-%d", 9 - i);
        struct append *c = command(&ones[i], names[i], "x", names[i], 0, 1);
        looks_at(&ones[i], c, "category-b", versions[i][0]);
        looks_at(&ones[i], c, "category-a", versions[i][1]);
        batch[i] = *c;
    }
    CHECK_OK(store_append(b.store, batch, 5, &b.arena));
    for (int i = 0; i < 5; i++)
        CHECK_INT(batch[i].outcome, outcomes[i]);
    check_log(&b, 6);
    close_store(&b);
}

/* ---- two calls at once ---- */

struct call {
    struct bench bench;
    struct one ones[2];
    struct append batch[2];
    int count;
    const struct problem *result;
    pthread_t thread;
};

static void *call_main(void *arg)
{
    struct call *c = arg;
    c->result = store_append(c->bench.store, c->batch, c->count, &c->bench.arena);
    return NULL;
}

static void wait_until(struct bench *b, int waiting)
{
    const char *sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                      "AND wait_event_type = 'Lock'";
    for (int i = 0; i < 100 && ask(b, sql) < waiting; i++)
        usleep(50000);
    CHECK_INT(ask(b, sql), waiting);
}

static void start(struct call *c)
{
    if (pthread_create(&c->thread, NULL, call_main, c))
        abort();
}

static void finish(struct call *c)
{
    pthread_join(c->thread, NULL);
    CHECK_OK(c->result);
}

TEST(a_call_that_finds_its_key_and_its_stream_taken_while_it_waited_meets_their_outcomes)
{
    const char *url = test_store_database();
    struct bench b = open_store(url), watcher = open_store(url);
    struct call late = {.bench = open_store(url), .count = 2};
    struct one ones[2];
    CHECK_OK(pg_run(b.pg, "BEGIN"));
    CHECK_OK(append_one(&b, command(&ones[0], "k1", "x", "report-1", 0, 1)));
    CHECK_OK(append_one(&b, command(&ones[1], "k2", "x", "report-2", 0, 1)));
    late.batch[0] = *command(&late.ones[0], "k1", "x", "report-3", 0, 1);
    late.batch[1] = *command(&late.ones[1], "k3", "x", "report-2", 0, 1);
    start(&late);
    wait_until(&watcher, 1);
    CHECK_OK(pg_run(b.pg, "COMMIT"));
    finish(&late);
    CHECK_INT(late.batch[0].outcome, REPLAYED);
    CHECK_INT(late.batch[0].position, 1);
    CHECK_INT(late.batch[1].outcome, STALE);
    check_log(&b, 2);
    close_store(&b);
    close_store(&watcher);
    close_store(&late.bench);
}

/* Were answers stored without the counter, each of the two would wait for a key of the other. */
TEST(two_calls_that_store_the_same_answers_in_another_order_do_not_wait_for_each_other)
{
    const char *url = test_store_database();
    struct bench b = open_store(url), watcher = open_store(url);
    struct call other = {.bench = open_store(url), .count = 2};
    struct one one;
    CHECK_OK(pg_run(b.pg, "BEGIN"));
    CHECK_OK(append_one(&b, command(&one, "k1", "x", "report-1", 0, 0)));
    other.batch[0] = *command(&other.ones[0], "k2", "x", "report-2", 0, 0);
    other.batch[1] = *command(&other.ones[1], "k1", "x", "report-1", 0, 0);
    start(&other);
    wait_until(&watcher, 1);
    CHECK_OK(append_one(&b, command(&one, "k2", "x", "report-2", 0, 0)));
    CHECK_INT(one.append.outcome, CHECKED);
    CHECK_OK(pg_run(b.pg, "COMMIT"));
    finish(&other);
    CHECK_INT(other.batch[0].outcome, REPLAYED);
    CHECK_INT(other.batch[1].outcome, REPLAYED);
    check_log(&b, 0);
    close_store(&b);
    close_store(&watcher);
    close_store(&other.bench);
}

/* Stops the second call of append_batch, or the second pass of the first one, where it counts. */
#define STOP_THE_SECOND                                                                        \
    "CREATE SEQUENCE passes; CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ "   \
    "BEGIN IF nextval('passes') = 2 THEN PERFORM pg_advisory_xact_lock(1); END IF; "           \
    "RETURN NULL; END $$; CREATE TRIGGER stop BEFORE UPDATE ON es_counter FOR EACH STATEMENT " \
    "EXECUTE FUNCTION stop(); SELECT pg_advisory_lock(1)"

TEST(what_a_second_pass_did_not_find_nobody_adds_before_it_is_done)
{
    const char *url = test_store_database();
    struct bench b = open_store(url);
    struct call twice = {.bench = open_store(url), .count = 2};
    struct call other = {.bench = open_store(url), .count = 1};
    struct one one;
    CHECK_OK(append_one(&b, command(&one, "k1", "x", "report-1", 0, 1)));
    CHECK_OK(pg_run(b.pg, STOP_THE_SECOND));
    twice.batch[0] = *command(&twice.ones[0], "k1", "x", "report-2", 0, 1);
    twice.batch[1] = *command(&twice.ones[1], "k2", "x", "report-3", 0, 1);
    other.batch[0] = *command(&other.ones[0], "k2", "x", "report-3", 0, 1);
    start(&twice);
    wait_until(&b, 1);
    start(&other);
    wait_until(&b, 2);
    CHECK_OK(pg_run(b.pg, "SELECT pg_advisory_unlock(1)"));
    finish(&twice);
    finish(&other);
    CHECK_INT(twice.batch[0].outcome, REPLAYED);
    CHECK_INT(twice.batch[1].outcome, COMMITTED);
    CHECK_INT(other.batch[0].outcome, REPLAYED);
    CHECK_INT(other.batch[0].position, 2);
    check_log(&b, 2);
    close_store(&b);
    close_store(&twice.bench);
    close_store(&other.bench);
}

enum { RACERS = 3, ROUNDS = 80, KEYS = 6 };

struct racer {
    struct bench bench;
    pthread_barrier_t *start;
    enum outcome outcomes[ROUNDS][KEYS];
    int64_t positions[ROUNDS][KEYS];
    int refused;
    pthread_t thread;
};

/* All racers send the same keys in a round, each with streams of its own but for one. */
static void *race_main(void *arg)
{
    struct racer *r = arg;
    for (int round = 0; round < ROUNDS; round++) {
        struct one ones[KEYS];
        struct append batch[KEYS];
        char keys[KEYS][32], names[KEYS][64];
        for (int i = 0; i < KEYS; i++) {
            snprintf(keys[i], sizeof(keys[i]), "key-%d-%d", round, i);
            snprintf(names[i], sizeof(names[i]), "report-%d-%d-%p", round, i, i ? (void *)r : NULL);
            batch[i] = *command(&ones[i], keys[i], "x", names[i], 0, 1);
        }
        pthread_barrier_wait(r->start);
        r->refused += store_append(r->bench.store, batch, KEYS, &r->bench.arena) != NULL;
        for (int i = 0; i < KEYS; i++) {
            r->outcomes[round][i] = batch[i].outcome;
            r->positions[round][i] = batch[i].position;
        }
    }
    return NULL;
}

static void check_race(const struct racer *racers)
{
    for (int i = 0; i < RACERS; i++)
        CHECK_INT(racers[i].refused, 0);
    for (int k = 0; k < ROUNDS * KEYS; k++) {
        int committed = 0, replayed = 0;
        for (int i = 0; i < RACERS; i++) {
            enum outcome o = racers[i].outcomes[k / KEYS][k % KEYS];
            committed += o == COMMITTED;
            replayed += o == REPLAYED;
            CHECK_INT(racers[i].positions[k / KEYS][k % KEYS],
                      racers[0].positions[k / KEYS][k % KEYS]);
        }
        CHECK_INT(committed, 1);
        CHECK_INT(replayed, RACERS - 1);
    }
}

TEST(of_calls_that_race_with_the_same_keys_one_commits_and_the_others_get_its_answers)
{
    static struct racer racers[RACERS];
    const char *url = test_store_database();
    struct bench b = open_store(url);
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, RACERS);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.bench = open_store(url), .start = &barrier};
        pthread_create(&racers[i].thread, NULL, race_main, &racers[i]);
    }
    for (int i = 0; i < RACERS; i++)
        pthread_join(racers[i].thread, NULL);
    check_race(racers);
    check_log(&b, ROUNDS * KEYS);
    for (int i = 0; i < RACERS; i++)
        close_store(&racers[i].bench);
    pthread_barrier_destroy(&barrier);
    close_store(&b);
}
