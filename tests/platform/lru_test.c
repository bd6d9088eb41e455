/* lru_test.c -- entries are found by their key, and stand in the order of their last use. */
#include "tests/support/harness.h"

#include "base/arena.h"
#include "platform/process/lru.h"

enum { ENTRIES = 3000 };

struct item {
    struct lru_node node;
    int number;
};

static struct item *find(struct lru *l, int number)
{
    struct lru_key k = lru_key(l, &number, sizeof(number));
    return (struct item *)lru_find(l, &k);
}

static void add(struct lru *l, int number)
{
    struct item *i = must_alloc(1, sizeof(*i));
    struct lru_key k = lru_key(l, &number, sizeof(number));
    i->number = number;
    i->node.key = &i->number;
    i->node.key_length = sizeof(i->number);
    lru_add(l, &i->node, k.hash);
}

static void drop(struct lru *l, struct lru_node *n)
{
    lru_remove(l, n);
    free(n);
}

static void empty(struct lru *l)
{
    while (l->newest)
        drop(l, l->newest);
    CHECK(l->count == 0 && !l->oldest);
    lru_release(l);
}

static int number_of(const struct lru_node *n)
{
    return n ? ((const struct item *)n)->number : -1;
}

TEST(entries_are_found_again_while_the_table_grows)
{
    struct lru l;
    lru_init(&l, 1);
    for (int i = 0; i < ENTRIES; i++) {
        CHECK(!find(&l, i));
        add(&l, i);
    }
    CHECK_INT((long long)l.count, ENTRIES);
    for (int i = 0; i < ENTRIES; i++)
        CHECK_INT(number_of(&find(&l, i)->node), i);
    empty(&l);
}

TEST(what_was_found_is_the_newest_and_what_was_not_is_the_oldest)
{
    struct lru l;
    lru_init(&l, 4);
    for (int i = 0; i < 4; i++)
        add(&l, i);
    CHECK_INT(number_of(l.newest), 3);
    CHECK_INT(number_of(l.oldest), 0);
    find(&l, 0);
    lru_use(&l, &find(&l, 2)->node);
    CHECK_INT(number_of(l.newest), 2);
    CHECK_INT(number_of(l.newest->older), 0);
    CHECK_INT(number_of(l.oldest), 1);
    CHECK_INT(number_of(l.oldest->newer), 3);
    empty(&l);
}

TEST(what_was_removed_is_gone_and_the_rest_stays)
{
    struct lru l;
    lru_init(&l, 16);
    for (int i = 0; i < 100; i++)
        add(&l, i);
    for (int i = 0; i < 100; i += 2)
        drop(&l, &find(&l, i)->node);
    for (int i = 0; i < 100; i++)
        CHECK((find(&l, i) != NULL) == i % 2);
    CHECK_INT((long long)l.count, 50);
    empty(&l);
}

TEST(nobody_knows_the_hash_of_a_key)
{
    struct lru a, b;
    lru_init(&a, 1);
    lru_init(&b, 1);
    CHECK(lru_key(&a, "report-1", 8).hash != lru_key(&b, "report-1", 8).hash);
    lru_release(&a);
    lru_release(&b);
}
