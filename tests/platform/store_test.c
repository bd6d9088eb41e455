/* store_test.c -- the append against a real PostgreSQL: order, versions, keys, races. */
#include "tests/platform/store_bench.h"

#include <pthread.h>
#include <stdatomic.h>

/* A dispatch writes the report and the patrol; its answer is about the first of them. */
TEST(an_answer_tells_the_version_of_the_stream_it_is_about)
{
    struct bench b = open_store(test_store_database());
    struct one first, both, again;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 3)));
    command(&both, "k2", "x", "report-1", 3, 1);
    both.streams[1] = (struct append_stream){"patrol-1", 0, true};
    both.events[1] = both.events[0];
    both.events[1].stream = 1;
    both.events[1].id = uuid_new(both.ids[1]);
    both.append.stream_count = both.append.event_count = 2;
    CHECK_OK(append_one(&b, &both.append));
    CHECK_INT(both.append.version, 4);
    CHECK_INT(both.append.position, 5);
    CHECK_OK(append_one(&b, command(&again, "k2", "x", "report-1", 4, 1)));
    CHECK_INT(again.append.outcome, REPLAYED);
    CHECK_INT(again.append.version, 4);
    CHECK_INT(again.append.position, 5);
    close_store(&b);
}

TEST(events_get_the_next_versions_and_positions)
{
    struct bench b = open_store(test_store_database());
    struct one first, second;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 2)));
    CHECK_INT(first.append.outcome, COMMITTED);
    CHECK_INT(first.append.version, 2);
    CHECK_INT(first.append.position, 2);
    CHECK_OK(append_one(&b, command(&second, "k2", "x", "report-1", 2, 1)));
    CHECK_INT(second.append.version, 3);
    CHECK_INT(second.append.position, 3);
    int64_t head, epoch;
    CHECK_OK(store_head(b.store, &head, &epoch));
    CHECK_INT(head, 3);
    CHECK_INT(epoch, 1);
    close_store(&b);
}

TEST(a_stream_that_has_moved_makes_the_command_stale_and_writes_nothing)
{
    struct bench b = open_store(test_store_database());
    struct one first, late;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 1)));
    CHECK_OK(append_one(&b, command(&late, "k2", "x", "report-1", 0, 1)));
    CHECK_INT(late.append.outcome, STALE);
    struct event_page page;
    CHECK_OK(store_read(b.store, 0, 10, &b.arena, &page));
    CHECK_INT(page.count, 1);
    close_store(&b);
}

TEST(a_stream_that_is_only_looked_at_counts_too)
{
    struct bench b = open_store(test_store_database());
    struct one first, looks;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 1)));
    command(&looks, "k2", "x", "vote-1", 0, 1);
    looks.streams[1] = (struct append_stream){"report-1", 0, false};
    looks.append.stream_count = 2;
    CHECK_OK(append_one(&b, &looks.append));
    CHECK_INT(looks.append.outcome, STALE);
    looks.streams[1].version = 1;
    CHECK_OK(append_one(&b, &looks.append));
    CHECK_INT(looks.append.outcome, COMMITTED);
    close_store(&b);
}

TEST(the_same_key_gets_the_stored_answer_and_another_body_is_refused)
{
    struct bench b = open_store(test_store_database());
    struct one first, again, other;
    CHECK_OK(append_one(&b, command(&first, "k1", "{\"a\":1}", "report-1", 0, 1)));
    CHECK_OK(append_one(&b, command(&again, "k1", "{\"a\":1}", "report-2", 0, 1)));
    CHECK_INT(again.append.outcome, REPLAYED);
    CHECK_TEXT(again.append.replayed_body, "{\"a\":1}");
    CHECK_INT(again.append.status, 200);
    CHECK_INT(again.append.position, 1);
    CHECK_OK(append_one(&b, command(&other, "k1", "{\"a\":2}", "report-3", 0, 1)));
    CHECK_INT(other.append.outcome, OUTCOME_KEY_REUSED);
    /* neither left a row behind for the stream it would have written */
    scoped_rows *rows = NULL;
    struct pg_statement count = {NULL, "SELECT count(*) FROM es_stream"};
    CHECK_OK(pg_call(b.pg, &count, 0, NULL, &rows));
    CHECK_INT(rows_int(rows, 0, 0), 1);
    close_store(&b);
}

TEST(a_refusal_is_checked_but_stores_no_answer_and_a_wish_already_true_does)
{
    struct bench b = open_store(test_store_database());
    struct one refused, granted, again;
    command(&refused, "k1", "no", "report-1", 0, 0);
    refused.append.status = 409;
    CHECK_OK(append_one(&b, &refused.append));
    CHECK_INT(refused.append.outcome, CHECKED);
    CHECK_OK(append_one(&b, command(&granted, "k1", "yes", "report-1", 0, 0)));
    CHECK_INT(granted.append.outcome, CHECKED);
    CHECK_OK(append_one(&b, command(&again, "k1", "yes", "report-1", 0, 0)));
    CHECK_INT(again.append.outcome, REPLAYED);
    CHECK_INT(again.append.position, 77);
    close_store(&b);
}

TEST(one_stale_command_does_not_hold_up_its_batch)
{
    struct bench b = open_store(test_store_database());
    struct one a, stale, c;
    CHECK_OK(append_one(&b, command(&a, "k0", "x", "report-0", 0, 1)));
    struct append batch[3] = {*command(&a, "k1", "x", "report-1", 0, 1),
                              *command(&stale, "k2", "x", "report-0", 0, 1),
                              *command(&c, "k3", "x", "report-3", 0, 2)};
    CHECK_OK(store_append(b.store, batch, 3, &b.arena));
    CHECK_INT(batch[0].outcome, COMMITTED);
    CHECK_INT(batch[0].position, 2);
    CHECK_INT(batch[1].outcome, STALE);
    CHECK_INT(batch[2].outcome, COMMITTED);
    CHECK_INT(batch[2].position, 4);
    close_store(&b);
}

TEST(a_poison_event_fails_the_call_and_writes_nothing)
{
    struct bench b = open_store(test_store_database());
    struct one poison;
    command(&poison, "k1", "x", "report-1", 0, 1);
    poison.events[0].data = "{\"n\": \"\\u0000\"}";
    CHECK_PROBLEM(append_one(&b, &poison.append), BATCH_REJECTED);
    int64_t head, epoch;
    CHECK_OK(store_head(b.store, &head, &epoch));
    CHECK_INT(head, 0);
    close_store(&b);
}

TEST(the_store_stopped_is_unavailable_and_comes_back)
{
    struct bench b = open_store(test_store_database());
    struct one first, again;
    CHECK_OK(append_one(&b, command(&first, "k1", "x", "report-1", 0, 1)));
    test_postgres_stop();
    CHECK_PROBLEM(append_one(&b, command(&again, "k1", "x", "report-1", 0, 1)), STORE_UNAVAILABLE);
    test_postgres_start();
    CHECK_OK(append_one(&b, &again.append));
    close_store(&b);
}

static void add(void *arg, const char *category, int64_t last)
{
    *(int64_t *)arg += last * (strcmp(category, "vote") == 0 ? 100 : 10);
}

TEST(categories_have_their_last_positions)
{
    struct bench b = open_store(test_store_database());
    struct one one, two;
    CHECK_OK(append_one(&b, command(&one, "k1", "x", "report-1", 0, 2)));
    command(&two, "k2", "x", "vote-1", 0, 1);
    two.events[0].category = "vote";
    CHECK_OK(append_one(&b, &two.append));
    int64_t sum = 0;
    CHECK_OK(store_categories(b.store, 3, add, &sum));
    CHECK_INT(sum, 2 * 10 + 3 * 100);
    sum = 0;
    CHECK_OK(store_categories(b.store, 1, add, &sum));
    CHECK_INT(sum, 1 * 10);
    close_store(&b);
}

/* ---- races: writers, and a reader that must never see a gap ---- */

enum { WRITERS = 4, ROUNDS = 60, STREAMS = 12 };

struct race {
    const char *url;
    atomic_int running;
    atomic_int committed;
    atomic_int gaps;
    const char *next_sql; /* NULL: ask by position, as the product does */
};

static void *write_much(void *arg)
{
    struct race *race = arg;
    struct bench b = open_store(race->url);
    unsigned seed = (unsigned)pthread_self();
    for (int round = 0; round < ROUNDS; round++) {
        struct one ones[8];
        struct append batch[8];
        char names[8][32];
        int first = (int)(rand_r(&seed) % STREAMS);
        struct event_page page;
        for (int i = 0; i < 8; i++) {
            snprintf(names[i], sizeof(names[i]), "report-%d", (first + i) % STREAMS);
            char key[UUID_TEXT];
            const char *stream = names[i];
            if (store_load(b.store, &stream, 1, &b.arena, &page))
                continue;
            batch[i] = *command(&ones[i], uuid_new(key), "x", names[i], page.count, 1);
        }
        if (store_append(b.store, batch, 8, &b.arena) == NULL)
            for (int i = 0; i < 8; i++)
                atomic_fetch_add(&race->committed, batch[i].outcome == COMMITTED);
        arena_release(&b.arena);
    }
    close_store(&b);
    atomic_fetch_sub(&race->running, 1);
    return NULL;
}

static void *poll_much(void *arg)
{
    struct race *race = arg;
    struct bench b = open_store(race->url);
    int64_t cursor = 0;
    while (atomic_load(&race->running) > 0) {
        struct event_page page;
        if (store_read(b.store, cursor, 100, &b.arena, &page))
            continue;
        for (int i = 0; i < page.count; i++) {
            if (page.at[i].position != cursor + 1)
                atomic_fetch_add(&race->gaps, 1);
            cursor = page.at[i].position;
        }
        arena_release(&b.arena);
    }
    close_store(&b);
    return NULL;
}

TEST(four_writers_on_shared_streams_leave_no_gap_and_lose_nothing)
{
    struct race race = {.url = test_store_database()};
    pthread_t threads[WRITERS + 1];
    atomic_store(&race.running, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_much, &race);
    pthread_create(&threads[WRITERS], NULL, poll_much, &race);
    for (int i = 0; i <= WRITERS; i++)
        pthread_join(threads[i], NULL);
    struct bench b = open_store(race.url);
    int64_t head, epoch;
    CHECK_OK(store_head(b.store, &head, &epoch));
    CHECK_INT(head, atomic_load(&race.committed));
    CHECK(head > ROUNDS);
    CHECK_INT(atomic_load(&race.gaps), 0);
    scoped_rows *rows = NULL;
    struct pg_statement whole = {
        NULL,
        "SELECT count(*) = max(position) AND count(DISTINCT (stream, version)) = count(*) AND "
        "(SELECT sum(version) FROM es_stream) = count(*) FROM es_event"};
    CHECK_OK(pg_call(b.pg, &whole, 0, NULL, &rows));
    CHECK_TEXT(rows_text(rows, 0, 0), "t");
    close_store(&b);
}
