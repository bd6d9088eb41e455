/* units.c -- see units.h. One table for both: under the id of a user stands their unit, under the
 * id of a unit its agency. Rows are never taken out, so it holds as many as there ever were. */
#include "positions/units.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "events/event.h"
#include "platform/postgres/store.h"
#include "base/banned.h"

enum { ID_BYTES = 16, FIRST_SIZE = 256, SIZE_MAX_ROWS = 1 << 22, AGENCIES_MAX = 4096, PAGE = 500 };

struct unit_row {
    unsigned char id[ID_BYTES];
    unsigned char unit[ID_BYTES]; /* of a user; zeros: none */
    int agency;                   /* of a unit, index from 1; 0: of a user */
    bool used;
};

struct unit_map {
    atomic_bool known;
    int64_t epoch; /* of the one thread that follows; 0: none yet */
    pthread_rwlock_t lock;
    struct unit_row *rows; /* open addressing */
    size_t size, count;    /* size: a power of two, at least twice `count` */
    char (*agencies)[AGENCY_TEXT];
    int agency_count;
};

struct unit_map *units_new(void)
{
    struct unit_map *u = must_alloc(1, sizeof(*u));
    pthread_rwlock_init(&u->lock, NULL);
    u->size = FIRST_SIZE;
    u->rows = must_alloc(u->size, sizeof(*u->rows));
    u->agencies = must_alloc(AGENCIES_MAX, sizeof(*u->agencies));
    return u;
}

void units_free(struct unit_map *u)
{
    if (!u)
        return;
    pthread_rwlock_destroy(&u->lock);
    free(u->rows);
    free(u->agencies);
    free(u);
}

/* ---- the table ---- */

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static bool read_bytes(const char *uuid, unsigned char id[ID_BYTES])
{
    if (!uuid || !uuid_is_valid(uuid))
        return false;
    for (int i = 0; i < ID_BYTES; i++, uuid += 2) {
        uuid += *uuid == '-';
        id[i] = (unsigned char)(hex_digit(uuid[0]) * 16 + hex_digit(uuid[1]));
    }
    return true;
}

/* The row of the id, or the free one where it would go. The last bytes of an id are random. */
static struct unit_row *row_of(struct unit_row *rows, size_t size, const unsigned char id[ID_BYTES])
{
    uint64_t n;
    memcpy(&n, id + ID_BYTES - sizeof(n), sizeof(n));
    size_t i = (n * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (size - 1);
    while (rows[i].used && memcmp(rows[i].id, id, ID_BYTES) != 0)
        i = (i + 1) & (size - 1);
    return &rows[i];
}

static void grow(struct unit_map *u)
{
    size_t size = u->size * 2;
    struct unit_row *rows = must_alloc(size, sizeof(*rows));
    for (size_t i = 0; i < u->size; i++)
        if (u->rows[i].used)
            *row_of(rows, size, u->rows[i].id) = u->rows[i];
    free(u->rows);
    u->rows = rows;
    u->size = size;
}

/* NULL: the id is none, or there is no room for it. */
static struct unit_row *row_for(struct unit_map *u, const char *uuid)
{
    unsigned char id[ID_BYTES];
    if (!read_bytes(uuid, id))
        return NULL;
    if ((u->count + 1) * 2 > u->size && u->size < SIZE_MAX_ROWS)
        grow(u);
    struct unit_row *row = row_of(u->rows, u->size, id);
    if (row->used)
        return row;
    if (u->count + 1 >= u->size - u->size / 8) {
        log_error("more units and members than there is room for", KV("rows", u->count));
        return NULL;
    }
    u->count++;
    row->used = true;
    memcpy(row->id, id, ID_BYTES);
    return row;
}

/* 0: no room. */
static int agency_index(struct unit_map *u, const char *agency)
{
    int i = 0;
    while (i < u->agency_count && !text_equal(u->agencies[i], agency))
        i++;
    if (i == AGENCIES_MAX)
        return 0;
    if (i == u->agency_count)
        snprintf(u->agencies[u->agency_count++], AGENCY_TEXT, "%s", agency);
    return i + 1;
}

void units_made(struct unit_map *u, const char *unit, const char *agency)
{
    pthread_rwlock_wrlock(&u->lock);
    struct unit_row *row = row_for(u, unit);
    if (row)
        row->agency = agency_index(u, agency);
    pthread_rwlock_unlock(&u->lock);
}

void units_joined(struct unit_map *u, const char *unit, const char *user)
{
    unsigned char id[ID_BYTES];
    if (!read_bytes(unit, id))
        return;
    pthread_rwlock_wrlock(&u->lock);
    struct unit_row *row = row_for(u, user);
    if (row)
        memcpy(row->unit, id, ID_BYTES);
    pthread_rwlock_unlock(&u->lock);
}

void units_left(struct unit_map *u, const char *unit, const char *user)
{
    unsigned char id[ID_BYTES];
    if (!read_bytes(unit, id))
        return;
    pthread_rwlock_wrlock(&u->lock);
    struct unit_row *row = row_for(u, user);
    if (row && memcmp(row->unit, id, ID_BYTES) == 0)
        memset(row->unit, 0, ID_BYTES);
    pthread_rwlock_unlock(&u->lock);
}

bool units_find(struct unit_map *u, const char *unit, char agency[AGENCY_TEXT])
{
    unsigned char id[ID_BYTES];
    if (!read_bytes(unit, id))
        return false;
    pthread_rwlock_rdlock(&u->lock);
    const struct unit_row *row = row_of(u->rows, u->size, id);
    bool found = row->used && row->agency;
    if (found)
        memcpy(agency, u->agencies[row->agency - 1], AGENCY_TEXT);
    pthread_rwlock_unlock(&u->lock);
    return found;
}

bool units_has_member(struct unit_map *u, const char *unit, const char *user)
{
    unsigned char id[ID_BYTES], of[ID_BYTES];
    if (!read_bytes(unit, id) || !read_bytes(user, of))
        return false;
    pthread_rwlock_rdlock(&u->lock);
    const struct unit_row *row = row_of(u->rows, u->size, of);
    bool member = row->used && memcmp(row->unit, id, ID_BYTES) == 0;
    pthread_rwlock_unlock(&u->lock);
    return member;
}

/* ---- following the store ---- */

#define UNITS(category) #category,
#define UNIT_MADE(...)
#define UNIT_JOINED(...)
#define UNIT_LEFT(...)
static const char *const categories[] = {
#include "lists/units.def"
    NULL};
#undef UNITS
#undef UNIT_MADE
#undef UNIT_JOINED
#undef UNIT_LEFT

#define UNITS(category)
#define UNIT_MADE(Event, ...)   Event,
#define UNIT_JOINED(Event, ...) Event,
#define UNIT_LEFT(Event, ...)   Event,
static const int types[] = {
#include "lists/units.def"
    -1};
#undef UNIT_MADE
#undef UNIT_JOINED
#undef UNIT_LEFT

#define UNIT_MADE(Event, unit, agency) \
    if (e->type == (int)Event)         \
        units_made(u, e->Event.unit, e->Event.agency);
#define UNIT_JOINED(Event, unit, user) \
    if (e->type == (int)Event)         \
        units_joined(u, e->Event.unit, e->Event.user);
#define UNIT_LEFT(Event, unit, user) \
    if (e->type == (int)Event)       \
        units_left(u, e->Event.unit, e->Event.user);
static void apply_event(struct unit_map *u, const struct event *e)
{
    (void)u;
    (void)e;
#include "lists/units.def"
}

static void apply_row(struct unit_map *u, const struct rows *rows, int i)
{
    scoped_arena a = {0};
    struct event e;
    if (event_read(rows_text(rows, i, 1), (int)rows_int(rows, i, 2), rows_text(rows, i, 3), &a, &e))
        log_error("an event of a unit cannot be read; who belongs to it may be wrong",
                  KV("position", rows_text(rows, i, 0)));
    else /* one event must not hide all that come after it */
        apply_event(u, &e);
}

static const struct pg_statement NEXT_PAGE = {
    "units_next", "SELECT position, type, schema, data FROM es_event "
                  "WHERE category = $1::text AND type = ANY ($2::text[]) "
                  "AND position > $3::bigint AND position <= $4::bigint "
                  "ORDER BY position LIMIT $5::int"};

/* Moves *position; *count: how many events there were. */
static fallible read_page(struct unit_map *u, struct pg *c, const char *category, int64_t *position,
                          int64_t head, int *count)
{
    scoped_text names = {0};
    scoped_rows *rows = NULL;
    char after[INT_TEXT], to[INT_TEXT], limit[INT_TEXT];
    for (const int *t = types; *t >= 0; t++)
        pg_array_text(&names, event_name(*t));
    snprintf(after, sizeof(after), "%lld", (long long)*position);
    snprintf(to, sizeof(to), "%lld", (long long)head);
    snprintf(limit, sizeof(limit), "%d", PAGE);
    const char *values[] = {category, pg_array_end(&names), after, to, limit};
    TRY(pg_call(c, &NEXT_PAGE, 5, values, &rows));
    *count = rows_count(rows);
    for (int i = 0; i < *count; i++) {
        apply_row(u, rows, i);
        *position = rows_int(rows, i, 0);
    }
    return NULL;
}

static fallible read_category(struct unit_map *u, struct pg *c, const char *category, int64_t after,
                              int64_t head)
{
    for (int count = PAGE; count == PAGE && after < head;)
        TRY(read_page(u, c, category, &after, head, &count));
    return NULL;
}

/* What was known of an older life of the log says nothing of this one. */
static void begin_anew(struct unit_map *u, int64_t epoch, int64_t *position)
{
    pthread_rwlock_wrlock(&u->lock);
    memset(u->rows, 0, u->size * sizeof(*u->rows));
    u->count = 0;
    pthread_rwlock_unlock(&u->lock);
    u->epoch = epoch;
    *position = 0;
}

fallible units_follow(struct unit_map *u, struct store *store, int64_t *position)
{
    int64_t head, epoch;
    TRY(store_head(store, &head, &epoch));
    if (epoch != u->epoch)
        begin_anew(u, epoch, position);
    for (const char *const *k = categories; *k; k++)
        TRY(read_category(u, store_connection(store), *k, *position, head));
    *position = head; /* what lies between is of other types, or of other streams */
    atomic_store(&u->known, true);
    return NULL;
}

bool units_are_known(const struct unit_map *u)
{
    return atomic_load(&u->known);
}
