/* worker.h -- a worker of a test: the store, its views by folds and by those files that the test
 * asks for, the writer and the firing thread, on real databases. */
#pragma once

#include "platform/postgres/postgres.h"
#include "platform/process/settings.h"
#include "sla-worker/firing.h"
#include "tests/support/figure.h"
#include "view_engine/keepers.h"

struct worker {
    struct settings settings;
    struct pg *log, *views;
    struct keepers *keepers;
    struct writer *writer;
    struct firing *firing;
};

/* Empty databases; nothing runs yet. */
void worker_open(struct worker *w);
/* `views`: names of the product's views that are kept besides those by folds, NULL ends; at most 7.
 */
void worker_begin(struct worker *w, const char *const *views);
/* The writer and the firing thread alone. */
void worker_fire(struct worker *w);
void worker_cease(struct worker *w);
void worker_end(struct worker *w);
