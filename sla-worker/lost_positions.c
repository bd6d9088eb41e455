/* lost_positions.c -- see lost_positions.h. */
#include "sla-worker/lost_positions.h"

#include <pthread.h>
#include <stdio.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/identity/digest.h"
#include "platform/postgres/sessions.h"
#include "platform/process/service.h"
#include "base/banned.h"

enum {
    TURN_MAX = 100,
    EVERY_MS = 1000,
    AWAY_MS = 10000, /* after a database was away, or has no such view yet: each try is a line in
                        the log */
};

static const char DEPENDENCY[] = "positions";
static const unsigned char no_secret[32]; /* keys of the system: nobody else can give them */

struct lost_positions {
    struct writer *writer;
    struct pg *views;
    struct queue *done; /* commands that are settled */
    struct queue *stop; /* nothing is ever put there: closed, it ends every pause */
    pthread_t thread;
};

/* One command, from its row until it is settled. */
struct telling {
    struct pending pending; /* first */
    struct queue *done;
    struct arena arena;
    char patrol[UUID_TEXT];
    const struct problem *problem;
};

static const struct pg_statement UNTOLD = {
    "positions_untold",
    "SELECT p.patrol_id, (extract(epoch FROM u.at) * 1000000)::bigint, p.lost_at IS NULL "
    "  FROM patrol_list.patrol_list p JOIN positions.unit_position u ON u.unit = p.patrol_id, "
    "       (SELECT now() - make_interval(secs => lost_seconds) AS begin FROM positions.rules) "
    "lost "
    " WHERE (p.lost_at IS NULL AND u.at < lost.begin AND p.status_at < lost.begin "
    "        AND p.status NOT IN ('off_duty', 'out_of_service')) "
    "    OR (p.lost_at IS NOT NULL AND u.at >= lost.begin) "
    " ORDER BY u.at LIMIT $1::int"};

static void settled(struct pending *p)
{
    struct telling *t = (struct telling *)(void *)p;
    t->problem = p->problem;
    if (queue_put(t->done, &p->job)) /* it holds as many as are ever under way */
        abort();
}

static void release(struct telling *t)
{
    pending_release(&t->pending);
    arena_release(&t->arena);
    free(t);
}

static struct telling *new_telling(struct lost_positions *l, const char *patrol, int64_t at,
                                   bool lost)
{
    static const char nobody[] = "system";
    struct telling *t = must_alloc(1, sizeof(*t));
    struct command *c = &t->pending.command;
    t->done = l->done;
    snprintf(t->patrol, sizeof(t->patrol), "%s", patrol);
    t->pending.settled = settled;
    t->pending.success = 200;
    t->pending.arena = &t->arena;
    t->pending.correlation_id = "sla-worker";
    c->actor = (struct actor){.agency = "", .role = SYSTEM};
    c->target = t->patrol;
    c->now = time_now();
    c->type = lost ? LosePosition : FindPosition;
    if (lost)
        c->LosePosition.last_fix_at = at;
    else
        c->FindPosition.last_fix_at = at;
    const char *key = arena_printf(&t->arena, "position/%s/%s/%lld", patrol,
                                   lost ? "lost" : "found", (long long)at);
    digest_parts_hex(no_secret, (const char *const[]){key, nobody}, 2, t->pending.key);
    digest_parts_hex(no_secret, (const char *const[]){key}, 1, t->pending.digest);
    return t;
}

/* What the writer does not take is told in the next turn. */
static fallible turn(struct lost_positions *l)
{
    scoped_rows *rows = NULL;
    struct job *back;
    char limit[INT_TEXT];
    int given = 0;
    snprintf(limit, sizeof(limit), "%d", TURN_MAX);
    TRY(pg_call(l->views, &UNTOLD, 1, (const char *[]){limit}, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        struct telling *t = new_telling(l, rows_text(rows, i, 0), rows_int(rows, i, 1),
                                        text_equal(rows_text(rows, i, 2), "t"));
        if (writer_put(l->writer, &t->pending))
            release(t);
        else
            given++;
    }
    for (; given; given--) {
        queue_take(l->done, &back, 1, -1);
        struct telling *t = (struct telling *)(void *)back;
        if (t->problem)
            log_warning("a position cannot be told as lost or found", KV("patrol", t->patrol),
                        KV("problem", t->problem->name));
        release(t);
    }
    return NULL;
}

static void *lost_main(void *arg)
{
    struct lost_positions *l = arg;
    struct job *none;
    pthread_setname_np(pthread_self(), "lost positions");
    bool ok;
    do {
        ok = !turn(l);
        ready_report(DEPENDENCY, ok, -1);
    } while (queue_take(l->stop, &none, 1, ok ? EVERY_MS : AWAY_MS) == 0);
    return NULL;
}

struct lost_positions *lost_positions_new(const struct settings *settings, struct writer *writer)
{
    struct lost_positions *l = must_alloc(1, sizeof(*l));
    l->writer = writer;
    l->views = pg_new(settings->read_database_url, "sla-worker positions", read_only_session,
                      (int)settings->database_timeout_ms);
    l->done = queue_new(TURN_MAX);
    l->stop = queue_new(1);
    ready_declare_optional(DEPENDENCY);
    if (pthread_create(&l->thread, NULL, lost_main, l))
        abort();
    return l;
}

void lost_positions_stop(struct lost_positions *l)
{
    if (!l || !l->stop)
        return;
    queue_close(l->stop);
    pthread_join(l->thread, NULL);
    queue_free(l->stop);
    l->stop = NULL;
}

void lost_positions_free(struct lost_positions *l)
{
    if (!l)
        return;
    lost_positions_stop(l);
    queue_free(l->done);
    pg_free(l->views);
    free(l);
}
