/* log_pages.h -- the log page by page, for who applies much of it to one view: while one page is
 * applied the next one is read, taken apart and made ready for the view's statements by a thread of
 * its own, which lives that long and owns the store meanwhile.
 *
 * Threads: one caller. Between the calls the store belongs to this module; log_pages_pause gives it
 * back. */
#pragma once

#include "view_engine/batch.h"

struct log_pages;
struct batch_call;

struct log_page {
    const struct batch_event *events;
    int count;
    const struct batch_call *calls; /* call.h: all of them, for each statement of the view; NULL if
                                       one cannot be read, or a fold keeps the view */
};

/* Borrows all of it; the view must be complete before the first log_pages_next. */
struct log_pages *log_pages_new(struct store *store, const struct language *language,
                                const struct view *view, int events);
void log_pages_free(struct log_pages *p); /* NULL is allowed; waits for a page that is being read */

/* The events after `position`, at most as many as said above; none at the end of the log. Borrowed
 * until the next call. As store_read; after a problem it may be asked again. */
fallible log_pages_next(struct log_pages *p, int64_t position, const struct log_page **out);

/* Waits for what is being read: the store is the caller's until the next log_pages_next. */
void log_pages_pause(struct log_pages *p);
