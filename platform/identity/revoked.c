/* revoked.c -- what must be refused although its signature and time are good: tokens of ended
 * sessions, of role versions that were raised, and of older lives of the log. One table for the
 * first two: under the id of a session or a user stands the lowest role version that is still good.
 * The third needs no table: a token says when it was issued. */
#include "platform/identity/token.h"

#include <pthread.h>
#include <stdatomic.h>

#include <sodium.h>

#include "base/log.h"
#include "base/time.h"
#include "events/event.h"
#include "platform/identity/digest.h"
#include "platform/postgres/postgres.h"
#include "base/banned.h"

/* No token lives longer: the greatest `token_minutes`. */
static const int64_t LONGEST_LIFE_US = 60 * 60 * INT64_C(1000000);
enum { ID_BYTES = 16, FIRST_SIZE = 64, PAGE = 256 };

struct mark {
    unsigned char id[ID_BYTES];
    int64_t min_version; /* of the role; INT64_MAX: none is good enough */
    int64_t at;          /* us; 0: a free place */
};

struct revoked {
    atomic_bool known;      /* followed to the end at least once */
    _Atomic int64_t raised; /* us; tokens issued before are refused */
    int64_t epoch;          /* followed, by the one thread that does; 0: none yet */
    pthread_rwlock_t lock;
    struct mark *marks; /* open addressing */
    size_t size, used;  /* size: a power of two, at least twice `used` */
};

struct revoked *revoked_new(void)
{
    struct revoked *r = must_alloc(1, sizeof(*r));
    pthread_rwlock_init(&r->lock, NULL);
    r->size = FIRST_SIZE;
    r->marks = must_alloc(r->size, sizeof(*r->marks));
    return r;
}

void revoked_free(struct revoked *r)
{
    if (!r)
        return;
    pthread_rwlock_destroy(&r->lock);
    free(r->marks);
    free(r);
}

static bool read_id(const char *uuid, unsigned char id[ID_BYTES])
{
    size_t length = 0;
    return uuid_is_valid(uuid) &&
           sodium_hex2bin(id, ID_BYTES, uuid, strlen(uuid), "-", &length, NULL) == 0 &&
           length == ID_BYTES;
}

/* The place of the id, or the free one where it would go. The last bytes of an id are random. */
static struct mark *place_of(struct mark *marks, size_t size, const unsigned char id[ID_BYTES])
{
    uint64_t n;
    memcpy(&n, id + ID_BYTES - sizeof(n), sizeof(n));
    size_t i = n & (size - 1);
    while (marks[i].at && memcmp(marks[i].id, id, ID_BYTES) != 0)
        i = (i + 1) & (size - 1);
    return &marks[i];
}

/* A new table of those that still matter, with room to double. */
static void rebuild(struct revoked *r, int64_t now)
{
    size_t kept = 0, size = FIRST_SIZE;
    for (size_t i = 0; i < r->size; i++)
        kept += r->marks[i].at && r->marks[i].at > now - LONGEST_LIFE_US;
    while (size < kept * 4)
        size *= 2;
    struct mark *marks = must_alloc(size, sizeof(*marks));
    for (size_t i = 0; i < r->size; i++)
        if (r->marks[i].at && r->marks[i].at > now - LONGEST_LIFE_US)
            *place_of(marks, size, r->marks[i].id) = r->marks[i];
    free(r->marks);
    r->marks = marks;
    r->size = size;
    r->used = kept;
}

static void mark(struct revoked *r, const char *uuid, int64_t min_version, int64_t now)
{
    unsigned char id[ID_BYTES];
    if (!read_id(uuid, id))
        return;
    pthread_rwlock_wrlock(&r->lock);
    if ((r->used + 1) * 2 > r->size)
        rebuild(r, now);
    struct mark *m = place_of(r->marks, r->size, id);
    if (!m->at)
        r->used++;
    memcpy(m->id, id, ID_BYTES);
    m->min_version = m->at && m->min_version > min_version ? m->min_version : min_version;
    m->at = now > m->at ? now : m->at;
    pthread_rwlock_unlock(&r->lock);
}

void revoked_session(struct revoked *r, const char *session, int64_t now)
{
    mark(r, session, INT64_MAX, now);
}

void revoked_role(struct revoked *r, const char *user_id, int64_t role_version, int64_t now)
{
    mark(r, user_id, role_version, now);
}

/* The role versions of an older life say nothing of this one's, which may be lesser. */
void revoked_before(struct revoked *r, int64_t raised)
{
    atomic_store(&r->raised, raised);
    pthread_rwlock_wrlock(&r->lock);
    memset(r->marks, 0, r->size * sizeof(*r->marks));
    r->used = 0;
    pthread_rwlock_unlock(&r->lock);
}

bool is_revoked(struct revoked *r, const struct claims *c)
{
    const char *ids[] = {c->session, c->user_id};
    if (c->issued < atomic_load(&r->raised))
        return true;
    bool revoked = false;
    pthread_rwlock_rdlock(&r->lock);
    for (int i = 0; i < 2 && r->used && !revoked; i++) {
        unsigned char id[ID_BYTES];
        if (!read_id(ids[i], id))
            continue;
        const struct mark *m = place_of(r->marks, r->size, id);
        revoked = m->at && c->role_version < m->min_version;
    }
    pthread_rwlock_unlock(&r->lock);
    return revoked;
}

/* ---- following the store ---- */

#define USER_PAGE                                              \
    "SELECT position, type, schema, data, "                    \
    "       (extract(epoch FROM recorded) * 1000000)::bigint " \
    "  FROM es_event WHERE category = 'user' AND position > $1 ORDER BY position LIMIT $2"

/* Backwards to the first event that is old enough, not over all users there ever were. */
static const struct pg_statement FIRST_POSITION = {
    "revoked_first", "SELECT coalesce((SELECT position FROM es_event WHERE category = 'user' "
                     "                    AND recorded < now() - make_interval(mins => 61) "
                     "                  ORDER BY position DESC LIMIT 1), 0)"};
static const struct pg_statement RAISED = {
    "revoked_raised", "SELECT epoch, (extract(epoch FROM raised) * 1000000)::bigint FROM es_store"};
static const struct pg_statement NEXT_PAGE = {"revoked_next", USER_PAGE};

/* What the event says of tokens. */
static void apply_event(struct revoked *r, const struct event *e, int64_t recorded)
{
    switch ((enum account_event)e->type) {
    case UserSessionEnded: revoked_session(r, e->UserSessionEnded.session_id, recorded); return;
    case UserRoleChanged:
        revoked_role(r, e->UserRoleChanged.user_id, e->UserRoleChanged.role_version, recorded);
        return;
    case UserDisabled:
        revoked_role(r, e->UserDisabled.user_id, e->UserDisabled.role_version, recorded);
        return;
    case UserPasswordChanged:
        revoked_role(r, e->UserPasswordChanged.user_id, e->UserPasswordChanged.role_version,
                     recorded);
        return;
    case UserRegistered:
    case UserEnabled: return;
    }
}

static void apply(struct revoked *r, const struct rows *rows, int i)
{
    scoped_arena a = {0};
    struct event e;
    int type;
    const char *name = rows_text(rows, i, 1);
    if (!event_type_from(name, &type) || type == UserRegistered || type == UserEnabled)
        return; /* not known here, or it says nothing of tokens */
    if (event_read(name, (int)rows_int(rows, i, 2), rows_text(rows, i, 3), &a, &e))
        log_error("an event of an account cannot be read; tokens that it ended live on",
                  KV("position", rows_text(rows, i, 0)));
    else /* one event must not hide all that come after it */
        apply_event(r, &e, rows_int(rows, i, 4));
}

/* Positions of an older life say nothing of this one's. */
static fallible read_raised(struct revoked *r, struct pg *c, int64_t *position)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(c, &RAISED, 0, NULL, &rows));
    int64_t epoch = rows_int(rows, 0, 0);
    if (epoch == r->epoch)
        return NULL;
    r->epoch = epoch;
    revoked_before(r, rows_int(rows, 0, 1));
    *position = -1;
    return NULL;
}

static fallible read_first(struct pg *c, int64_t *position)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(c, &FIRST_POSITION, 0, NULL, &rows));
    *position = rows_int(rows, 0, 0);
    return NULL;
}

fallible revoked_follow(struct revoked *r, struct pg *c, int64_t *position)
{
    TRY(read_raised(r, c, position));
    if (*position < 0)
        TRY(read_first(c, position));
    for (int count = PAGE; count == PAGE;) {
        char after[24], limit[8];
        snprintf(after, sizeof(after), "%lld", (long long)*position);
        snprintf(limit, sizeof(limit), "%d", PAGE);
        scoped_rows *rows = NULL;
        TRY(pg_call(c, &NEXT_PAGE, 2, (const char *[]){after, limit}, &rows));
        count = rows_count(rows);
        for (int i = 0; i < count; i++) {
            apply(r, rows, i);
            *position = rows_int(rows, i, 0);
        }
    }
    atomic_store(&r->known, true);
    return NULL;
}

bool revoked_is_known(const struct revoked *r)
{
    return atomic_load(&r->known);
}

void pseudonym_of(const unsigned char secret[32], const char *user_id, char out[PSEUDONYM_TEXT])
{
    unsigned char hash[DIGEST_BYTES];
    digest_whole(secret, user_id, strlen(user_id), hash, sizeof(hash));
    text_hex(hash, sizeof(hash), out);
}
