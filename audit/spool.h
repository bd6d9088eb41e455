/* spool.h -- the files of one book, in a folder that one process holds:
 *
 *   writer            the id of this chain, made once
 *   <first n>.log     segments: "b <writer> <n> <hash>" of the record before, then lines
 *                     "r <n> <hash> <canonical text>" and "s <document of a seal>"
 *   shipped           number of the last record that is in MongoDB
 *   dropped           records that found no room: how many, and behind which one
 *
 * What is written here is in the page cache: it outlives the process, and the machine once it is
 * synced. A tail that was torn by a loss of power is cut when the folder is opened. No locks and no
 * threads here: see book.h. */
#pragma once

#include "audit/record.h"
#include "base/problem.h"

enum { SEGMENT_NAME = 32 };

struct spool_segment {
    struct spool_segment *next; /* the one that was begun after it */
    char name[SEGMENT_NAME];
    int fd;         /* -1: not open */
    int64_t length; /* bytes */
    int64_t synced; /* of them, known to be on disk */
    bool torn;      /* a failed write has left bytes behind `length` */
    bool unsafe;    /* a failed sync: what is not synced has to be written once more */
};

struct dropped {
    int64_t count, from, to; /* us since 1970 UTC */
};

struct spool {
    const char *path; /* borrowed */
    int folder;       /* locked while it is open */
    int dropped_fd;
    struct spool_segment *first, *last; /* NULL: none yet */
    int64_t bytes;                      /* of all segments */
    bool folder_changed; /* a segment was begun that the folder on disk may not know */
};

/* What the folder held. */
struct spool_found {
    struct chain_end end;
    int64_t shipped, sealed; /* numbers of records; `sealed` as far as the segments tell */
    int64_t unshipped_at;    /* `at` of the oldest record that is not shipped; 0: all are */
    struct dropped dropped;
};

/* Makes the folder if its parent is there, locks it, reads it. `name` begins the id of a new
 * writer. A chain whose end is not there any more goes on as a new writer; what cannot be read is
 * set aside as "<segment>.broken". Both are logged. NOT_STARTED  logged: no such folder, another
 * process holds it; *s is closed */
fallible spool_open(const char *path, const char *name, struct spool *s, struct spool_found *found);
void spool_close(struct spool *s);

/* Appends whole lines behind the record `before`, to a new segment if the newest one would grow
 * over `segment_max` bytes. False: nothing was written, errno says why. */
bool spool_append(struct spool *s, const struct chain_end *before, const struct text *lines,
                  int64_t segment_max);

/* Writes the bytes from `from` to `to` of an open file once more, as the page cache has them. After
 * a failed fdatasync Linux takes the pages for clean: the next one would say that all is well. */
bool spool_rewrite(int fd, int64_t from, int64_t to);

/* Takes the oldest segment, which must not be the newest, out of the list. */
struct spool_segment *spool_take_first(struct spool *s);
/* Its file and its struct are gone; may take as long as the disk wants. */
void spool_delete(const struct spool *s, struct spool_segment *segment);

/* Replaces a small file as a whole; with `synced` it is on disk afterwards. */
bool spool_replace(const struct spool *s, const char *name, const char *content, bool synced);

/* Keeps what was dropped behind record n, in a file that needs no new room. */
void spool_keep_dropped(const struct spool *s, int64_t n, const struct dropped *d);

/* For spool_open: the file of a segment, -1 if it cannot be opened. */
int segment_open(const struct spool *s, const struct spool_segment *segment, int flags);
/* recover.c: reads and cuts the segments of an open folder; `found` has the writer and what is
 * shipped. False, after a sentence in the log: the end of the chain is not among them, no segment
 * is left. */
bool spool_recover(struct spool *s, struct spool_found *found);
