/* planted.c -- see planted.h. */
#include "platform/process/planted.h"

#ifdef CITYWATCH_PLANT

#include "base/banned.h"

fallible planted_results(struct store *s, const struct append *batch, int count)
{
    static const struct pg_statement later = {
        NULL, "INSERT INTO es_result (actor, key, digest, status, body, version, position) "
              "VALUES ($1, $2, $3, $4::int, $5, $6::bigint, $7::bigint)"};
    scoped_arena a = {0};
    for (int i = 0; i < count; i++) {
        const struct append *c = &batch[i];
        const char *row[] = {c->actor,
                             c->key,
                             c->digest,
                             arena_printf(&a, "%d", c->status),
                             c->body,
                             arena_printf(&a, "%lld", (long long)c->version),
                             arena_printf(&a, "%lld", (long long)c->position)};
        if ((c->outcome == COMMITTED || c->outcome == CHECKED) && c->status < 400)
            if (pg_call(store_connection(s), &later, 7, row, NULL))
                return STORE_UNAVAILABLE;
    }
    return NULL;
}

#else

typedef int planted_none; /* a source file must not be empty */

#endif
