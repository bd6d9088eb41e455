/* waiting_test.c -- who waits goes in order of arrival, with room for so many a name. No store. */
#include "tests/support/harness.h"

#include "base/arena.h"
#include "writer/waiting.h"

/* `reads`: none or several streams, separated by a space each. */
static struct pending *arrive(uint64_t arrival, const char *stream, const char *reads)
{
    struct pending *p = must_alloc(1, sizeof(*p));
    snprintf(p->stream, sizeof(p->stream), "%s", stream);
    while (*reads) {
        int length = (int)strcspn(reads, " ");
        snprintf(p->declared_reads[p->declared_count++], STREAM_TEXT, "%.*s", length, reads);
        reads += length + (reads[length] == ' ');
    }
    snprintf(p->key, sizeof(p->key), "key-%llu", (unsigned long long)arrival);
    p->arrival = arrival;
    p->deadline = 1000;
    return p;
}

/* The arrivals of all that a pass lets go. */
static const char *pass(struct waiting *w, int64_t now, bool room)
{
    static char text[4000];
    struct pending *p;
    int length = 0;
    text[0] = '\0';
    waiting_begin(w);
    while ((p = waiting_next(w, now, room))) {
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%llu ",
                           (unsigned long long)p->arrival);
        free(p);
    }
    return text;
}

TEST(deferred_commands_keep_their_order_and_their_place_before_later_ones)
{
    struct waiting *w = waiting_new();
    CHECK(!waiting_put(w, arrive(5, "report-hot", ""), NULL));
    for (uint64_t i = 1; i <= 4; i++) {
        char own[32];
        snprintf(own, sizeof(own), "report-%llu", (unsigned long long)i);
        CHECK(!waiting_put(w, arrive(i, own, ""), "report-hot"));
    }
    CHECK_TEXT(pass(w, 0, true), "1 ");
    CHECK_TEXT(pass(w, 0, true), "2 ");
    CHECK_TEXT(pass(w, 0, true), "3 ");
    CHECK_TEXT(pass(w, 0, true), "4 ");
    CHECK_TEXT(pass(w, 0, true), "5 ");
    CHECK_INT(waiting_count(w), 0);
    waiting_free(w);
}

TEST(those_that_only_read_a_stream_go_together_and_who_shares_nothing_goes_at_once)
{
    struct waiting *w = waiting_new();
    CHECK(!waiting_put(w, arrive(1, "vote-1", "report-1"), NULL));
    CHECK(!waiting_put(w, arrive(2, "vote-2", "report-1"), NULL));
    CHECK(!waiting_put(w, arrive(3, "report-1", ""), NULL));
    CHECK(!waiting_put(w, arrive(4, "vote-3", "report-1"), NULL));
    CHECK(!waiting_put(w, arrive(5, "report-2", ""), NULL));
    CHECK_TEXT(pass(w, 0, false), "");
    CHECK_TEXT(pass(w, 0, true), "1 2 5 ");
    CHECK_TEXT(pass(w, 0, true), "3 ");
    CHECK_TEXT(pass(w, 0, true), "4 ");
    waiting_free(w);
}

TEST(each_of_several_streams_that_are_read_counts)
{
    struct waiting *w = waiting_new();
    struct pending *writes = arrive(9, "report-4", ""),
                   *reads = arrive(9, "vote-9", "user-1 report-5");
    CHECK(!waiting_put(w, arrive(1, "vote-1", "report-1 report-2 report-3 report-4"), NULL));
    CHECK(!waiting_put(w, arrive(2, "vote-2", "report-4 report-1"), NULL));
    CHECK(!waiting_put(w, arrive(3, "report-3", ""), NULL));
    CHECK(!waiting_put(w, arrive(4, "vote-4", "report-2 report-3"), NULL));
    CHECK(!waiting_put(w, arrive(5, "report-5", ""), NULL));
    CHECK(waiting_blocks(w, writes));
    CHECK(waiting_blocks(w, reads));
    CHECK_TEXT(pass(w, 0, true), "1 2 5 ");
    CHECK_TEXT(pass(w, 0, true), "3 ");
    CHECK(!waiting_blocks(w, writes));
    CHECK(!waiting_blocks(w, reads));
    CHECK_TEXT(pass(w, 0, true), "4 ");
    waiting_free(w);
    free(writes);
    free(reads);
}

TEST(who_comes_waits_behind_those_that_share_a_name)
{
    struct waiting *w = waiting_new();
    struct pending *writes = arrive(3, "report-1", ""), *reads = arrive(4, "vote-2", "report-1"),
                   *none = arrive(5, "report-2", ""), *key = arrive(6, "report-3", "");
    CHECK(!waiting_blocks(w, writes));
    CHECK(!waiting_put(w, arrive(1, "vote-1", "report-1"), NULL));
    CHECK(waiting_blocks(w, writes));
    CHECK(!waiting_blocks(w, reads));
    CHECK(!waiting_put(w, arrive(2, "vote-9", ""), "report-1"));
    CHECK(waiting_blocks(w, reads));
    CHECK(!waiting_blocks(w, none));
    CHECK(!waiting_blocks(w, key));
    snprintf(key->key, sizeof(key->key), "key-1");
    CHECK(waiting_blocks(w, key));
    pass(w, 0, true);
    pass(w, 0, true);
    CHECK_INT(waiting_count(w), 0);
    waiting_free(w);
    free(writes);
    free(reads);
    free(none);
    free(key);
}

/* Deferred ones are no exception: of too many the last one that came has no place. */
TEST(so_many_wait_for_a_stream_and_no_more_deferred_or_not)
{
    struct waiting *w = waiting_new();
    for (uint64_t i = 1; i <= WAITING_PER_NAME; i++)
        CHECK(!waiting_put(w, arrive(2 * i, "report-hot", ""), NULL));
    struct pending *late = waiting_put(w, arrive(1, "report-1", ""), "report-hot");
    CHECK(late && late->arrival == 2 * WAITING_PER_NAME && !late->next_waiting);
    free(late);
    late = waiting_put(w, arrive(1000, "report-2", ""), "report-hot");
    CHECK(late && late->arrival == 1000);
    free(late);
    CHECK_INT(waiting_count(w), WAITING_PER_NAME);
    CHECK(!waiting_put(w, arrive(1001, "report-cold", ""), NULL));
    CHECK_TEXT(pass(w, 0, true), "1 1001 ");
    pass(w, 1001, false); /* all are too late */
    CHECK_INT(waiting_count(w), 0);
    waiting_free(w);
}

TEST(the_same_holds_for_the_second_stream_that_a_command_reads)
{
    struct waiting *w = waiting_new();
    char own[32], reads[64];
    for (uint64_t i = 1; i <= WAITING_PER_NAME; i++) {
        snprintf(own, sizeof(own), "vote-%llu", (unsigned long long)i);
        snprintf(reads, sizeof(reads), "user-%llu report-hot", (unsigned long long)i);
        CHECK(!waiting_put(w, arrive(i, own, reads), NULL));
    }
    struct pending *late = waiting_put(w, arrive(1000, "vote-0", "user-0 report-hot"), NULL);
    CHECK(late && late->arrival == 1000 && !late->next_waiting);
    free(late);
    CHECK_INT(waiting_count(w), WAITING_PER_NAME);
    CHECK(!waiting_put(w, arrive(1001, "user-0", ""), NULL)); /* who was refused blocks nobody */
    pass(w, 0, true);
    CHECK_INT(waiting_count(w), 0);
    waiting_free(w);
}

/* ---- against a plain model ---- */

enum { STREAMS = 6, STEPS = 4000 };

struct modelled {
    struct pending *p;
    const char *deferred_on;
};

static bool writes(const struct modelled *m, const char *stream)
{
    return strcmp(m->p->stream, stream) == 0 ||
           (m->deferred_on && strcmp(m->deferred_on, stream) == 0);
}

/* Does `a` write a stream that `b` reads or writes? */
static bool writes_one_of(const struct modelled *a, const struct modelled *b)
{
    bool found = writes(a, b->p->stream) || (b->deferred_on && writes(a, b->deferred_on));
    for (int i = 0; i < b->p->declared_count; i++)
        found = found || writes(a, b->p->declared_reads[i]);
    return found;
}

static bool shares(const struct modelled *a, const struct modelled *b)
{
    return writes_one_of(a, b) || writes_one_of(b, a);
}

static bool is_overtaken(const struct modelled *all, int count, int i)
{
    bool overtaken = false;
    for (int k = 0; k < count; k++)
        overtaken = overtaken ||
                    (all[k].p && all[k].p->arrival < all[i].p->arrival && shares(&all[k], &all[i]));
    return overtaken;
}

TEST(no_command_overtakes_an_earlier_one_that_shares_a_stream)
{
    static const char *const streams[STREAMS] = {"a-1", "a-2", "a-3", "a-4", "a-5", "a-6"};
    static const char *const reads[] = {"", "", "a-1", "a-2", "a-3 a-4", "a-1 a-5", "a-6 a-2 a-3"};
    static struct modelled all[STEPS];
    unsigned seed = 1;
    int count = 0;
    struct waiting *w = waiting_new();
    while (count < STEPS) {
        for (int n = rand_r(&seed) % 12; n >= 0 && count < STEPS; n--) {
            bool defers = rand_r(&seed) % 3 == 0;
            struct modelled *m = &all[count];
            m->deferred_on = defers ? streams[rand_r(&seed) % STREAMS] : NULL;
            m->p = arrive((uint64_t)count + (defers ? 0 : 20), streams[rand_r(&seed) % STREAMS],
                          reads[(size_t)rand_r(&seed) % (sizeof(reads) / sizeof(reads[0]))]);
            m->p->arrival = m->p->arrival * 10000 + (uint64_t)count++;
            m->p->deadline = INT64_MAX;
            if (waiting_count(w) >= WAITING_PER_NAME) {
                free(m->p);
                m->p = NULL;
            } else {
                CHECK(!waiting_put(w, m->p, m->deferred_on));
            }
        }
        struct pending *p, *gone[WAITING_PER_NAME];
        int left = 0;
        waiting_begin(w);
        while ((p = waiting_next(w, 0, true)))
            gone[left++] = p;
        for (int g = 0; g < left; g++)
            for (int i = 0; i < count; i++)
                if (all[i].p == gone[g])
                    CHECK(!is_overtaken(all, count, i));
        for (int g = 0; g < left; g++)
            for (int i = 0; i < count; i++)
                if (all[i].p == gone[g])
                    all[i].p = NULL;
        for (int g = 0; g < left; g++)
            free(gone[g]);
    }
    while (waiting_count(w))
        pass(w, 0, true);
    waiting_free(w);
}
