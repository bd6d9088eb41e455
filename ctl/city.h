/* city.h -- the store, the views and Redis of a running city, as the environment names them: the
 * variables of the services (platform/process/settings.def). */
#pragma once

#include "ctl/table.h"
#include "platform/redis/redis.h"
#include "platform/postgres/store.h"

enum { NEEDS_STORE = 1, NEEDS_VIEWS = 2, NEEDS_REDIS = 4 };

struct city {
    struct pg *log, *views; /* connections */
    struct store *store;    /* stands on `log` */
    struct redis *redis;
    char *redis_password;
};

/* Opens what is needed, the rest stays NULL; does not connect yet. DONE, or the exit code after a
 * sentence. To be closed in both cases. */
int city_open(struct city *c, int needs);
void city_close(struct city *c);
#define scoped_city __attribute__((cleanup(city_close))) struct city

/* A verb that only shows: opens, lets `fill` ask, prints its table. DONE or the exit code. */
int city_show(int needs, const char *verb, const struct table_column *columns, int count,
              const struct problem *(*fill)(struct city *c, struct table *t), bool json);

/* A setting's value: from the environment, else its default ("" if it has none). */
const char *setting_of(const char *name);

/* ---- what several verbs ask ---- */

struct log_head {
    int64_t position, epoch;
};
fallible city_head(struct city *c, struct log_head *out);

/* Where a key of Redis stands; all zero if it is not there. */
struct key_place {
    int64_t length, first, last; /* entries, position of the first, last id given */
};
fallible city_key(struct city *c, const char *key, struct key_place *out);

/* Epoch of the copy in Redis, 0: there is none. */
fallible city_redis_epoch(struct city *c, int64_t *out);

/* "{events}:<category>" of every category that has events up to `position`, ended by NULL, after
 * "{events}:all". */
fallible city_keys(struct city *c, int64_t position, struct arena *a, const char *const **out);
/* Its category; NULL for "{events}:all". */
const char *category_of_key(const char *key);

/* Events of a category (NULL: of all) after `after`, up to `to`. */
fallible city_count(struct city *c, const char *category, int64_t after, int64_t to, int64_t *out);
/* When the event at `position` was recorded, us; 0: there is none. */
fallible city_recorded(struct city *c, int64_t position, int64_t *out);
/* Since how many seconds the first event behind `position` has been waiting; 0: there is none. */
fallible city_waiting(struct city *c, const struct log_head *head, int64_t position, double *out);
