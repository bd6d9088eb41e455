/* book_internal.h -- what book.c (writing) and book_pages.c (syncing, shipping) share. */
#pragma once

#include <pthread.h>

#include "audit/book.h"
#include "audit/spool.h"

struct book {
    struct arena arena; /* of the texts below */
    const char *folder, *service, *writer;
    int64_t max_bytes, segment_max;

    pthread_mutex_t lock; /* of all that follows up to the next comment */
    struct spool spool;
    struct chain_end end;
    int64_t shipped, sealed;
    int64_t unsealed_since; /* monotonic: when the first record came that is not sealed */
    int64_t behind_since;   /* wall clock: not before that one that is not shipped */
    struct dropped gap;     /* not recorded yet; count 0: none */
    int64_t dropped;        /* since the start */
    struct text out;

    /* the audit thread's: where the next page begins */
    struct spool_segment *reading; /* NULL: in the oldest segment */
    int read_fd;                   /* of it; -1: not open */
    int64_t offset;
    struct text in;
};
