/* cache_test.c -- the cache is bounded, forgets what was used least recently, and never what runs.
 */
#include "query-api/cache.h"
#include "tests/support/harness.h"

#include "base/arena.h"

enum { BODY = 1000, ROOM = 20000 };

static struct response *a_response(void)
{
    struct response_facts facts = {.position = 1, .total = 1};
    return response_new(must_alloc(BODY + 1, 1), BODY, &facts, false);
}

static struct cache_entry *entry_of(struct cache *c, int n)
{
    return cache_entry(c, (const char *)&n, sizeof(n));
}

static void keep(struct cache *c, int n)
{
    struct response *a = a_response();
    cache_keep(c, entry_of(c, n), a);
    response_drop(a);
}

TEST(it_stays_within_its_bytes)
{
    struct cache *c = cache_new(ROOM);
    for (int i = 0; i < 2000; i++) {
        keep(c, i);
        CHECK(cache_size(c) <= ROOM);
    }
    CHECK(entry_of(c, 1999)->response != NULL);
    CHECK(entry_of(c, 0)->response == NULL);
    cache_free(c);
}

TEST(what_is_used_stays)
{
    struct cache *c = cache_new(ROOM);
    for (int i = 0; i < 200; i++) {
        keep(c, i);
        CHECK(entry_of(c, 0)->response != NULL);
    }
    cache_free(c);
}

TEST(an_entry_that_runs_is_never_let_go)
{
    struct cache *c = cache_new(0);
    struct cache_entry *e = entry_of(c, 1);
    e->run = (struct run *)e; /* any address: the cache does not look into it */
    for (int i = 2; i < 100; i++)
        keep(c, i);
    CHECK(entry_of(c, 1) == e);
    e->run = NULL;
    cache_keep(c, e, NULL);
    CHECK(cache_size(c) == 0);
    cache_free(c);
}

TEST(without_room_nothing_is_kept)
{
    struct cache *c = cache_new(0);
    keep(c, 1);
    CHECK(cache_size(c) == 0);
    cache_free(c);
}

TEST(many_entries_are_found_again)
{
    struct cache *c = cache_new(100 << 20);
    for (int i = 0; i < 5000; i++)
        keep(c, i);
    int found = 0;
    for (int i = 0; i < 5000; i++)
        found += entry_of(c, i)->response != NULL;
    CHECK_INT(found, 5000);
    cache_free(c);
}
