/* categories.h -- writes the rows of categories.def as commands of the system, until the store has
 * taken them all. What an admin has changed since stays as it is. */
#pragma once

#include "command-api/command_api.h"

struct categories;
/* Starts a thread; /ready waits for "categories". */
struct categories *categories_start(const struct command_api *api);
/* Joins the thread; before the writer is freed, which may still hold one of its commands. */
void categories_stop(struct categories *c);
void categories_free(struct categories *c); /* after the writer; NULL is allowed */
