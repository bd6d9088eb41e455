/* worker.c -- see worker.h. */
#include "tests/sla-worker/worker.h"

#include <sodium.h>
#include <stdio.h>

#include "base/text.h"
#include "sla-worker/clock_view.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

extern const struct embedded view_files[];

void worker_open(struct worker *w)
{
    CHECK(sodium_init() >= 0);
    settings_defaults(&w->settings);
    w->settings.database_url = test_store_database();
    w->settings.read_database_url = test_views_database();
    w->settings.redis_port = 1; /* nobody is there: the store is polled */
    w->settings.database_timeout_ms = 3000;
    w->log = pg_new(w->settings.database_url, "test", NULL, 5000);
    w->views = pg_new(w->settings.read_database_url, "test", NULL, 5000);
}

static const struct embedded *files_of(const char *const *views)
{
    static struct embedded files[8];
    char name[64];
    int count = 0;
    for (; *views; views++) {
        files[count].name = NULL;
        snprintf(name, sizeof(name), "%s.sql", *views);
        for (const struct embedded *f = view_files; f->name; f++)
            if (text_equal(f->name, name))
                files[count] = *f;
        CHECK(files[count++].name != NULL);
    }
    files[count] = (struct embedded){NULL, NULL};
    return files;
}

void worker_begin(struct worker *w, const char *const *views)
{
    static const char *const homes[] = {CLOCKS_HOME, "main"};
    CHECK_OK(keepers_new(&w->settings, "test", files_of(views), view_folds, homes, *views ? 2 : 1,
                         &w->keepers));
    CHECK(keepers_start(w->keepers));
    worker_fire(w);
}

void worker_fire(struct worker *w)
{
    w->writer = writer_new(&w->settings, NULL, NULL);
    w->firing = firing_new(&w->settings, w->writer);
}

void worker_cease(struct worker *w)
{
    firing_free(w->firing);
    writer_free(w->writer);
}

void worker_end(struct worker *w)
{
    worker_cease(w);
    keepers_stop(w->keepers);
    keepers_free(w->keepers);
    pg_free(w->log);
    pg_free(w->views);
}
