/* keepers.h -- the threads of a program that keep views: an engine each, for one home. They report
 * readiness ("postgres store", "postgres views", "redis", which is optional) and metrics; a part is
 * away for the program if it is for one of them. An engine that stops ends the program
 * (service_fail). */
#pragma once

#include "platform/process/settings.h"
#include "view_engine/engine.h"

struct keepers;

/* Engines for the homes; names its connections after `program`. `folds` may be NULL. All is
 * borrowed for the life of the keepers. NOT_STARTED as engine_new; *out is set, problem or not. */
fallible keepers_new(const struct settings *settings, const char *program,
                     const struct embedded *files, const struct view_fold *folds,
                     const char *const *homes, int count, struct keepers **out);
/* False: a thread could not be made; those that were are stopped. */
bool keepers_start(struct keepers *k);
/* Each ends after its batch. NULL is allowed. */
void keepers_stop(struct keepers *k);
void keepers_free(struct keepers *k); /* after keepers_stop; NULL is allowed */
