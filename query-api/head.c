/* head.c -- polls the store four times a second, and at once when somebody doubts a position. */
#include "query-api/head.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "platform/postgres/sessions.h"
#include "platform/postgres/store.h"
#include "platform/identity/token.h"
#include "query-api/view_progress.h"
#include "base/banned.h"

static const int64_t TURN_US = 10000, POLL_US = 250000;

struct head {
    pthread_t thread;
    struct pg *pg;
    struct store *store;
    struct view_progress *view_progress;
    struct revoked *revoked;
    int64_t sessions; /* position up to which ended sessions were read; -1: not begun */
    _Atomic int64_t position, asked; /* asked: monotonic, before the store answered `position` */
    int64_t epoch;                   /* life of the log; 0: not asked yet */
    bool over;                       /* another one has begun */
    atomic_bool doubted, stopping;
};

/* A process belongs to the first epoch it meets: what it keeps of responses, ended sessions and
 * positions goes with it. */
static fallible end_life(struct head *h)
{
    if (!h->over)
        service_fail("the event log has begun another epoch: it was restored");
    h->over = true;
    return EPOCH_RAISED;
}

static fallible poll_once(struct head *h)
{
    int64_t now = time_monotonic(), position, epoch;
    /* Read before the store, which then cannot be behind it. */
    int64_t furthest = view_progress_furthest(h->view_progress);
    TRY(store_head(h->store, &position, &epoch));
    if (h->epoch && epoch != h->epoch)
        return end_life(h);
    h->epoch = epoch;
    atomic_store(&h->position, position);
    atomic_store(&h->asked, now); /* after the position: who reads it second sees one as new */
    metric_set(METRIC_es_head_position, NULL, (double)position);
    view_progress_set_head(h->view_progress, position, epoch, position < furthest);
    return revoked_follow(h->revoked, h->pg, &h->sessions);
}

static void *head_main(void *arg)
{
    struct head *h = arg;
    int64_t polled = -POLL_US;
    pthread_setname_np(pthread_self(), "head");
    while (!atomic_load(&h->stopping)) {
        int64_t now = time_monotonic();
        if (atomic_exchange(&h->doubted, false) || now - polled >= POLL_US) {
            polled = now;
            ready_report("postgres store", poll_once(h) == NULL, -1);
        }
        struct timespec turn = {.tv_nsec = TURN_US * 1000};
        nanosleep(&turn, NULL);
    }
    return NULL;
}

struct head *head_new(const char *url, int timeout_ms, struct view_progress *view_progress,
                      struct revoked *revoked)
{
    struct head *h = must_alloc(1, sizeof(*h));
    ready_declare("postgres store");
    h->pg = pg_new(url, "query-api head", read_only_session, timeout_ms);
    h->store = store_new(h->pg);
    h->view_progress = view_progress;
    h->revoked = revoked;
    h->sessions = -1;
    if (pthread_create(&h->thread, NULL, head_main, h)) {
        log_error("a thread could not be started", KV("thread", "head"));
        abort();
    }
    return h;
}

void head_free(struct head *h)
{
    if (!h)
        return;
    atomic_store(&h->stopping, true);
    pthread_join(h->thread, NULL);
    store_free(h->store);
    pg_free(h->pg);
    free(h);
}

enum head_says head_compare(struct head *h, int64_t position, int64_t since)
{
    int64_t asked = atomic_load(&h->asked);
    if (position <= atomic_load(&h->position))
        return HEAD_REACHED;
    if (asked > since)
        return HEAD_BELOW;
    atomic_store(&h->doubted, true);
    return HEAD_UNKNOWN;
}
