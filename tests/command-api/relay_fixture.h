/* relay_fixture.h -- a store, a Redis and a relay of one test. */
#pragma once

#include "command-api/relay.h"
#include "platform/postgres/postgres.h"
#include "platform/redis/redis.h"
#include "platform/postgres/store.h"

struct world {
    struct settings settings;
    struct pg *pg;
    struct store *store;
    struct redis *redis;
    struct relay *relay;
    struct arena arena;
};

struct world open_world(void);
void open_relay(struct world *w);
void close_world(struct world *w);
void append(struct world *w, int count, int bytes);
void settle(struct world *w);
void wait_for_probe(void);
int walk(struct world *w, const char *key, int64_t first_prev, int64_t last);
void is_whole(struct world *w, int count);
void is_whole_up_to(struct world *w, int last);
int64_t length(struct world *w);
