/* audit.c -- from outcomes of requests to lines of a book. */
#include "audit/audit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "audit/pages.h"
#include "audit/rollup.h"
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "platform/mongo/mongo.h"
#include "base/banned.h"

enum { LOOPS = 64, SECOND = 1000000 };
static const int64_t HOUR = 3600LL * SECOND;

/* What one loop has told and nobody has written yet. */
struct audit_loop {
    pthread_mutex_t lock;           /* the audit thread tells what only time brings */
    struct rollup *seconds, *hours; /* made when they are needed */
    struct text pending[AUDIT_BOOKS];
};

struct auditor {
    const char *service;
    struct arena arena;
    struct seal_key key;
    struct mongo *mongo;
    struct book *books[AUDIT_BOOKS];
    struct shipper *shipper;
    struct audit_loop loops[LOOPS]; /* more than these share them */
};

/* ---- one outcome ---- */

static void add_rollup(struct rollup **table, const struct audit_record *r, int64_t until,
                       struct text *out)
{
    if (!*table) {
        *table = must_alloc(1, sizeof(**table));
        rollup_init(*table);
    }
    rollup_add(*table, r, until, out);
}

/* Of an anonymous author: as little as can be, and not before the hour is over. */
static void add_forgotten(const struct auditor *a, struct audit_loop *l,
                          const struct http_outcome *o)
{
    struct audit_record r = {.at = o->began - o->began % HOUR,
                             .kind = "rollup",
                             .service = a->service,
                             .method = o->method,
                             .route = o->route,
                             .status = o->status};
    int64_t until = time_monotonic() + HOUR - time_now() % HOUR;
    add_rollup(&l->hours, &r, until, &l->pending[BOOK_requests]);
}

static void add_rolled_up(const struct auditor *a, struct audit_loop *l,
                          const struct http_outcome *o)
{
    struct audit_record r = {.at = o->began - o->began % SECOND,
                             .kind = "rollup",
                             .service = a->service,
                             .method = o->method,
                             .route = o->route,
                             .status = o->status,
                             .actor = o->notes.actor,
                             .address = o->address};
    add_rollup(&l->seconds, &r, time_monotonic() + SECOND, &l->pending[BOOK_requests]);
}

static void add_record(const struct auditor *a, struct audit_loop *l, const struct http_outcome *o)
{
    const struct http_notes *n = &o->notes;
    const char *kind = n->kind ? n->kind : "request";
    struct text *out = &l->pending[audit_book_of(kind)];
    struct audit_record r = {
        .at = o->began,
        .kind = kind,
        .service = a->service,
        .method = o->method,
        .route = o->route,
        .status = o->status,
        .bytes = (int64_t)o->bytes,
        .duration_us = o->duration,
        .request_id = o->request_id,
        .traceparent = o->traceparent,
        .actor = n->actor,
        .role = n->role,
        .agency = n->agency,
        .address = o->address,
        .position = n->position,
        .problem = o->problem,
        .subject = n->subject,
    };
    record_write(&r, out);
    text_append_char(out, '\n');
}

static bool is_rolled_up(const struct http_outcome *o)
{
    const struct http_notes *n = &o->notes;
    if (n->kind)
        return text_equal(n->kind, "rollup");
    return !n->actor &&
           (!o->route || text_equal(o->method, "GET") || text_equal(o->method, "HEAD"));
}

static struct audit_loop *loop_at(struct auditor *a, int loop)
{
    return &a->loops[loop % LOOPS];
}

void audit_outcome(void *audit, int loop, const struct http_outcome *o)
{
    struct auditor *a = audit;
    struct audit_loop *l = loop_at(a, loop);
    pthread_mutex_lock(&l->lock);
    if (o->forgotten)
        add_forgotten(a, l, o);
    else if (is_rolled_up(o))
        add_rolled_up(a, l, o);
    else
        add_record(a, l, o);
    pthread_mutex_unlock(&l->lock);
}

/* ---- into the books ---- */

/* `all`: also what is not due. */
static void write_locked(struct auditor *a, struct audit_loop *l, bool all)
{
    int64_t now = l->seconds || l->hours ? time_monotonic() : 0;
    struct rollup *const tables[] = {l->seconds, l->hours};
    for (int i = 0; i < 2; i++)
        if (tables[i] && (all || rollup_is_due(tables[i], now)))
            rollup_tell(tables[i], &l->pending[BOOK_requests]);
    for (int i = 0; i < AUDIT_BOOKS; i++)
        if (l->pending[i].length) {
            book_write(a->books[i], text_value(&l->pending[i]), l->pending[i].length);
            if (PLANTED(RECORDS_SENT_TWICE))
                book_write(a->books[i], text_value(&l->pending[i]), l->pending[i].length);
            text_clear(&l->pending[i]);
        }
}

void audit_turn(void *audit, int loop)
{
    struct auditor *a = audit;
    struct audit_loop *l = loop_at(a, loop);
    pthread_mutex_lock(&l->lock);
    write_locked(a, l, false);
    pthread_mutex_unlock(&l->lock);
}

static void write_loops(struct auditor *a, bool all)
{
    for (int i = 0; i < LOOPS; i++) {
        pthread_mutex_lock(&a->loops[i].lock);
        write_locked(a, &a->loops[i], all);
        pthread_mutex_unlock(&a->loops[i].lock);
    }
}

static void tick(void *audit)
{
    write_loops(audit, false);
}

/* ---- life ---- */

static fallible open_books(struct auditor *a, const struct settings *s)
{
    if (mkdir(s->audit_spool, 0700) && errno != EEXIST)
        log_warning("the folder of the audit cannot be made", KV("folder", s->audit_spool));
    for (enum audit_book i = 0; i < AUDIT_BOOKS; i++) {
        const char *name = arena_join(&a->arena, a->service, ".", audit_book_name(i));
        struct book_settings b = {.folder = arena_join(&a->arena, s->audit_spool, "/", name),
                                  .service = a->service,
                                  .name = name,
                                  .max_bytes = audit_book_bytes(i, s->audit_spool_bytes)};
        TRY(book_open(&b, &a->books[i]));
    }
    return NULL;
}

static fallible open_audit(struct auditor *a, const struct settings *s,
                           const struct audit_target *target)
{
    if (!s->audit_key_file || !*s->audit_key_file) {
        log_error("AUDIT_SPOOL needs AUDIT_KEY_FILE, which signs the seals");
        return NOT_STARTED;
    }
    TRY(seal_key_read(s->audit_key_file, &a->key));
    TRY(open_books(a, s));
    a->shipper = shipper_new(a->books, &a->key, target, tick, a);
    return NULL;
}

static struct auditor *make_audit(const char *service)
{
    struct auditor *a = must_alloc(1, sizeof(*a));
    a->service = service;
    for (int i = 0; i < LOOPS; i++)
        pthread_mutex_init(&a->loops[i].lock, NULL);
    return a;
}

static bool is_kept(const struct settings *s)
{
    if (s->audit_spool && *s->audit_spool)
        return true;
    log_warning("requests leave no record: AUDIT_SPOOL is empty");
    return false;
}

fallible audit_new_to(const struct settings *s, const char *service,
                      const struct audit_target *target, struct auditor **out)
{
    *out = is_kept(s) ? make_audit(service) : NULL;
    return *out ? open_audit(*out, s, target) : NULL;
}

static fallible open_mongo(struct auditor *a, const struct settings *s, struct audit_target *target)
{
    *target = (struct audit_target){.to = NULL};
    if (!s->mongodb_uri || !*s->mongodb_uri)
        return NULL;
    TRY(audit_mongo(s->mongodb_uri, s->mongodb_password_file ? s->mongodb_password_file : "",
                    &a->mongo));
    *target = audit_mongo_target(a->mongo);
    return NULL;
}

fallible audit_new(const struct settings *s, const char *service, struct auditor **out)
{
    struct audit_target target;
    *out = is_kept(s) ? make_audit(service) : NULL;
    if (!*out)
        return NULL;
    TRY(open_mongo(*out, s, &target));
    return open_audit(*out, s, &target);
}

void audit_record_http(struct auditor *a, struct http_settings *http)
{
    http->recorder = a;
    http->outcome = a ? audit_outcome : NULL;
    http->turn = a ? audit_turn : NULL;
}

bool audit_start(struct auditor *a)
{
    return !a || shipper_start(a->shipper);
}

void audit_stop(struct auditor *a)
{
    if (!a || !a->shipper)
        return;
    write_loops(a, true);
    shipper_stop(a->shipper);
}

void audit_free(struct auditor *a)
{
    if (!a)
        return;
    if (a->shipper)
        write_loops(a, true);
    shipper_free(a->shipper);
    for (int i = 0; i < AUDIT_BOOKS; i++)
        book_close(a->books[i]);
    for (int i = 0; i < LOOPS; i++) {
        struct audit_loop *l = &a->loops[i];
        struct rollup *const tables[] = {l->seconds, l->hours};
        for (int t = 0; t < 2; t++)
            if (tables[t]) {
                rollup_release(tables[t]);
                free(tables[t]);
            }
        for (int b = 0; b < AUDIT_BOOKS; b++)
            text_release(&l->pending[b]);
        pthread_mutex_destroy(&l->lock);
    }
    mongo_free(a->mongo);
    seal_key_wipe(&a->key);
    arena_release(&a->arena);
    free(a);
}
