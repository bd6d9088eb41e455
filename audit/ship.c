/* ship.c -- see ship.h. */
#include "audit/ship.h"

#include <stdlib.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "platform/process/background.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "base/banned.h"

enum { TURN_MS = 1000, SHIP_US = 1000000 };

struct shipper {
    struct book *books[AUDIT_BOOKS];
    struct book_figures told[AUDIT_BOOKS]; /* what the counters know */
    const struct seal_key *key;
    struct audit_target target;
    void (*tick)(void *arg);
    void *arg;
    struct book_page *page;
    const struct problem *away; /* what the last turn ended with */
    struct background *thread;  /* NULL: it does not run */
};

/* ---- what others hear of it ---- */

static void count_since(enum metric m, const char *book, int64_t now, int64_t before)
{
    metric_add(m, book, now > before ? (double)(now - before) : 0);
}

static void tell_figures(struct shipper *s, bool synced)
{
    double lag = 0;
    int64_t waiting = 0;
    bool dropping = false;
    char members[96];
    for (int i = 0; i < AUDIT_BOOKS; i++) {
        const char *book = audit_book_name((enum audit_book)i);
        struct book_figures f, *told = &s->told[i];
        book_figures(s->books[i], &f);
        metric_set(METRIC_es_audit_lag_seconds, book, f.lag_seconds);
        metric_set(METRIC_es_audit_spool_bytes, book, (double)f.bytes);
        count_since(METRIC_es_audit_spooled_total, book, f.end.n, told->end.n);
        count_since(METRIC_es_audit_shipped_total, book, f.shipped, told->shipped);
        count_since(METRIC_es_audit_dropped_total, book, f.dropped, told->dropped);
        *told = f;
        lag = f.lag_seconds > lag ? f.lag_seconds : lag;
        waiting += f.end.n - f.shipped;
        dropping = dropping || f.dropping;
    }
    snprintf(members, sizeof(members), "\"waiting\":%lld", (long long)waiting);
    ready_report("audit", !dropping && synced && !s->away, lag);
    ready_figures("audit", members);
    ready_reason("audit", dropping  ? "records are dropped: there is no room for them"
                          : !synced ? "records cannot be brought to disk"
                          : s->away ? s->away->title
                                    : NULL);
}

/* ---- shipping ---- */

fallible ship_page(const struct audit_target *t, enum audit_book i, struct book *b,
                   const struct book_page *page)
{
    const struct problem *p = NULL;
    if (page->count)
        p = t->insert(t->to, audit_collection(i), page->documents, page->count);
    if (p && !PLANTED(RECORDS_FORGOTTEN_WHILE_AWAY))
        return p;
    FAILPOINT(AUDIT_AFTER_INSERT);
    if (page->seal)
        TRY(t->insert(t->to, AUDIT_SEALS, &page->seal, 1));
    book_page_shipped(b, page);
    return NULL;
}

/* One page of each book in turn. What is refused of one book does not hold up the other. */
static fallible ship(struct shipper *s, bool *more)
{
    int64_t end = time_monotonic() + SHIP_US;
    const struct problem *refused[AUDIT_BOOKS] = {NULL}, *first = NULL;
    for (*more = s->target.insert != NULL; *more && time_monotonic() < end;) {
        *more = false;
        for (int i = 0; i < AUDIT_BOOKS; i++) {
            if (refused[i] || !book_read_page(s->books[i], s->page))
                continue;
            refused[i] = ship_page(&s->target, (enum audit_book)i, s->books[i], s->page);
            first = first ? first : refused[i];
            if (refused[i] && refused[i] != MONGO_REFUSED)
                return refused[i];
            *more = true;
        }
    }
    return first;
}

fallible shipper_turn(struct shipper *s, bool last, bool *more)
{
    bool synced = true;
    *more = false;
    s->tick(s->arg);
    for (int i = 0; i < AUDIT_BOOKS; i++) {
        book_write(s->books[i], "", 0);
        book_seal(s->books[i], s->key, last);
        synced = book_sync(s->books[i]) && synced;
    }
    if (!last || !s->away) /* what cannot be shipped now the next process will ship */
        s->away = ship(s, more);
    *more = *more && !s->away;
    tell_figures(s, synced);
    return s->away;
}

/* ---- the thread ---- */

static void ship_on(struct background *b, void *arg)
{
    struct shipper *s = arg;
    bool more;
    do {
        if (shipper_turn(s, false, &more))
            more = false;
    } while (background_pause(b, more ? 0 : TURN_MS));
    if (shipper_turn(s, true, &more))
        log_warning("records stay in the spool until the next start");
}

bool shipper_start(struct shipper *s)
{
    s->thread = background_start("audit", ship_on, s);
    return s->thread != NULL;
}

void shipper_stop(struct shipper *s)
{
    background_end(s->thread);
    s->thread = NULL;
}

/* ---- life ---- */

struct shipper *shipper_new(struct book *const books[AUDIT_BOOKS], const struct seal_key *key,
                            const struct audit_target *target, void (*tick)(void *arg), void *arg)
{
    struct shipper *s = must_alloc(1, sizeof(*s));
    for (int i = 0; i < AUDIT_BOOKS; i++) {
        s->books[i] = books[i];
        book_figures(books[i], &s->told[i]);
        s->told[i].dropped = 0; /* of an earlier process, and in no gap yet */
    }
    s->key = key;
    s->target = *target;
    s->tick = tick;
    s->arg = arg;
    s->page = must_alloc(1, sizeof(*s->page));
    ready_declare_optional("audit");
    return s;
}

void shipper_free(struct shipper *s)
{
    if (!s)
        return;
    shipper_stop(s);
    arena_release(&s->page->arena);
    free(s->page);
    free(s);
}
