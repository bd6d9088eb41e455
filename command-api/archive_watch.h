/* archive_watch.h -- whether the store's log reaches BACKUP_DIR: part `archive` of /ready, which a
 * service does its work without, and two metrics. A thread and a connection of its own, for nothing
 * may wait for it. */
#pragma once

#include "platform/process/settings.h"

struct archive_watch;
/* Before the server starts. NULL: BACKUP_DIR is not set, and there is nothing to watch. `settings`
 * is borrowed. */
struct archive_watch *archive_watch_new(const struct settings *settings);
/* Ends after the call under way, so within its deadline. NULL is allowed. */
void archive_watch_free(struct archive_watch *w);
