/* first_start.h -- sends the rows of all start.def as commands of the system, until the store has
 * taken them all. What an admin has changed since stays as it is: that is for the deciders to see
 * to. */
#pragma once

#include "command-api/command_api.h"

struct first_start;
/* Starts a thread; /ready waits for "first start". */
struct first_start *first_start_begin(const struct command_api *api);
/* Joins the thread; before the writer is freed, which may still hold one of its commands. */
void first_start_stop(struct first_start *f);
void first_start_free(struct first_start *f); /* after the writer; NULL is allowed */
