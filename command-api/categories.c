/* categories.c -- see categories.h. */
#include "command-api/categories.h"

#include <pthread.h>

#include "base/log.h"
#include "command-api/writer.h"
#include "platform/service.h"
#include "base/banned.h"

enum { RETRY_MS = 500, REPORT_MS = 3000 };

static const struct first {
    const char *code, *english, *indonesian, *agency, *kind;
} firsts[] = {
#define CATEGORY(code, english, indonesian, agency, kind) {code, english, indonesian, agency, kind},
#include "command-api/categories.def"
#undef CATEGORY
};
enum { FIRSTS = sizeof(firsts) / sizeof(firsts[0]) };

struct categories {
    const struct command_api *api;
    struct queue *done; /* settled commands come back here; closed to stop */
    pthread_t thread;
};

struct defining {
    struct pending pending; /* first */
    struct categories *categories;
    struct arena arena;
    struct texts_pair pairs[2];
    struct texts names;
    const struct problem *problem;
};

static void settled(struct job *j)
{
    struct defining *d = (struct defining *)(void *)j;
    d->problem = d->pending.problem;
    pending_release(&d->pending);
    arena_release(&d->arena);
    if (queue_put(d->categories->done, j)) /* stopping: nobody waits for it */
        free(d);
}

static struct defining *defining_new(struct categories *c, const struct first *f)
{
    struct defining *d = must_alloc(1, sizeof(*d));
    char key[UUID_TEXT];
    d->categories = c;
    d->pairs[0] = (struct texts_pair){"en", f->english};
    d->pairs[1] = (struct texts_pair){"id", f->indonesian};
    d->names = (struct texts){2, d->pairs};
    d->pending.job.finish = settled;
    d->pending.success = 200;
    d->pending.arena = &d->arena;
    d->pending.correlation_id = "first-start";
    d->pending.command = (struct command){
        .type = DefineCategory,
        .actor = {.agency = "", .role = SYSTEM},
        .now = time_now(),
        .target = f->code,
        .DefineCategory = {.names = &d->names,
                           .agency = f->agency,
                           .kind = f->kind,
                           .active = true},
    };
    store_hash(c->api->server_secret, (const char *const[]){uuid_new(key)}, 1, d->pending.key);
    store_hash(c->api->server_secret, (const char *const[]){f->code}, 1, d->pending.digest);
    return d;
}

/* True when the store has it. Blocks until the writer has settled it; *stopped when asked to stop.
 */
static bool define(struct categories *c, const struct first *f, bool *stopped)
{
    struct defining *d = defining_new(c, f);
    struct job *back;
    if (writer_put(c->api->writer, &d->pending)) {
        free(d);
        return false;
    }
    int n = queue_take(c->done, &back, 1, -1);
    *stopped = n < 0;
    if (n <= 0)
        return false;
    bool ok = d->problem == NULL;
    free(d);
    return ok;
}

static void *main_of(void *arg)
{
    struct categories *c = arg;
    struct job *none;
    bool stopped = false;
    for (int i = 0; i < FIRSTS && !stopped;) {
        if (define(c, &firsts[i], &stopped))
            i++;
        else if (!stopped)
            stopped = queue_take(c->done, &none, 1, RETRY_MS) < 0;
    }
    while (!stopped) { /* /ready forgets what is not repeated */
        ready_report("categories", true, -1);
        stopped = queue_take(c->done, &none, 1, REPORT_MS) < 0;
    }
    return NULL;
}

struct categories *categories_start(const struct command_api *api)
{
    struct categories *c = must_alloc(1, sizeof(*c));
    c->api = api;
    c->done = queue_new(1);
    ready_declare("categories");
    if (pthread_create(&c->thread, NULL, main_of, c))
        abort();
    return c;
}

void categories_stop(struct categories *c)
{
    queue_close(c->done);
    pthread_join(c->thread, NULL);
}

void categories_free(struct categories *c)
{
    if (!c)
        return;
    queue_free(c->done);
    free(c);
}
