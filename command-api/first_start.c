/* first_start.c -- see first_start.h. */
#include "command-api/first_start.h"

#include <pthread.h>

#include "base/log.h"
#include "platform/process/service.h"
#include "writer/writer.h"
#include "base/banned.h"

enum { RETRY_MS = 500, REPORT_MS = 3000 };

static const char PART[] = "first start"; /* of /ready */

static const struct start_row {
    int type;
    const char *target, *body;
} rows[] = {
#define START(command, target, body) {command, target, body},
#include "lists/start.def"
#undef START
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct first_start {
    const struct command_api *api;
    struct queue *done; /* commands that were decided come back here; closed to stop */
    pthread_t thread;
};

struct start_command {
    struct pending pending; /* first */
    struct first_start *owner;
    struct arena arena;
    const struct problem *problem;
};

static void start_settled(struct pending *p)
{
    struct start_command *s = (struct start_command *)(void *)p;
    s->problem = s->pending.problem;
    pending_release(&s->pending);
    arena_release(&s->arena);
    if (queue_put(s->owner->done, &p->job)) /* stopping: nobody waits for it */
        free(s);
}

/* A body that its shape refuses is a fault of the row, found by the first start of any test. */
static fallible fill(struct first_start *f, const struct start_row *row, struct start_command *s)
{
    struct command *c = &s->pending.command;
    char key[UUID_TEXT];
    *c = (struct command){.type = row->type,
                          .actor = {.agency = "", .role = SYSTEM},
                          .now = time_now(),
                          .target = row->target};
    TRY(shape_read(command_shape(row->type), row->body, strlen(row->body), &s->arena, c->body,
                   NULL));
    command_complete(c, &s->arena);
    digest_parts_hex(f->api->server_secret, (const char *const[]){uuid_new(key)}, 1,
                     s->pending.key);
    digest_parts_hex(f->api->server_secret, (const char *const[]){row->target}, 1,
                     s->pending.digest);
    return NULL;
}

static struct start_command *new_command(struct first_start *f, const struct start_row *row)
{
    struct start_command *s = must_alloc(1, sizeof(*s));
    s->owner = f;
    s->pending.settled = start_settled;
    s->pending.success = 200;
    s->pending.arena = &s->arena;
    s->pending.correlation_id = "first-start";
    if (!fill(f, row, s))
        return s;
    log_error("a row of start.def is malformed", KV("target", row->target));
    abort();
}

/* True when the store has it. Blocks until it was decided; *stopped when asked to stop. */
static bool send_row(struct first_start *f, const struct start_row *row, bool *stopped)
{
    struct start_command *s = new_command(f, row);
    struct job *back;
    if (writer_put(f->api->writer, &s->pending)) {
        arena_release(&s->arena);
        free(s);
        return false;
    }
    int n = queue_take(f->done, &back, 1, -1);
    *stopped = n < 0;
    if (n <= 0)
        return false;
    bool ok = s->problem == NULL;
    free(s);
    return ok;
}

static void *first_start_main(void *arg)
{
    struct first_start *f = arg;
    struct job *none;
    bool stopped = false;
    for (int i = 0; i < ROWS && !stopped;) {
        if (send_row(f, &rows[i], &stopped))
            i++;
        else if (!stopped)
            stopped = queue_take(f->done, &none, 1, RETRY_MS) < 0;
    }
    while (!stopped) { /* /ready forgets what is not repeated */
        ready_report(PART, true, -1);
        stopped = queue_take(f->done, &none, 1, REPORT_MS) < 0;
    }
    return NULL;
}

struct first_start *first_start_begin(const struct command_api *api)
{
    struct first_start *f = must_alloc(1, sizeof(*f));
    f->api = api;
    f->done = queue_new(1);
    ready_declare(PART);
    if (pthread_create(&f->thread, NULL, first_start_main, f))
        abort();
    return f;
}

void first_start_stop(struct first_start *f)
{
    queue_close(f->done);
    pthread_join(f->thread, NULL);
}

void first_start_free(struct first_start *f)
{
    if (!f)
        return;
    queue_free(f->done);
    free(f);
}
