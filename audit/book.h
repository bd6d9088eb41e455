/* book.h -- one chain of records on its way to MongoDB: written into a spool by any thread, synced,
 * sealed and shipped by one, the audit thread.
 *
 * No call waits until the disk has it but book_sync; a write goes into the page cache. What finds
 * no room, or no disk, is dropped and counted; once there is room again one record of kind `gap`
 * says how many they were. */
#pragma once

#include "audit/seal.h"
#include "base/arena.h"

struct book;

struct book_settings {
    const char *folder;  /* its parent must be there */
    const char *service; /* for the record of a gap */
    const char *name;    /* begins the writer's id: "command-api.requests" */
    int64_t max_bytes;   /* of all segments together */
};

/* NOT_STARTED, logged: see spool_open. Settings are copied. */
fallible book_open(const struct book_settings *settings, struct book **out);
void book_close(struct book *b); /* NULL is allowed */

/* ---- any thread ---- */

/* Canonical texts, each ended by a line's end: appended in this order by one write, or all of them
 * dropped. Then they outlive the process, and after the next book_sync the machine. Without a text
 * only what was dropped before is recorded, if there is room again. */
void book_write(struct book *b, const char *lines, size_t length);

struct book_figures {
    struct chain_end end;
    int64_t shipped;    /* number of the last record in MongoDB */
    int64_t bytes;      /* of the spool */
    int64_t dropped;    /* since the start */
    bool dropping;      /* there is no room now */
    double lag_seconds; /* age of the oldest record that is not in MongoDB; 0: all are */
};
void book_figures(struct book *b, struct book_figures *out);

/* ---- the audit thread ---- */

/* Seals the newest record if SEAL_RECORDS or SEAL_US have come since the last seal, or at once;
 * not if it is sealed. */
enum { SEAL_RECORDS = 1000, SEAL_US = 60000000 };
void book_seal(struct book *b, const struct seal_key *key, bool at_once);

/* Waits for the disk: what was written before can be shipped afterwards. False, logged: not yet. */
bool book_sync(struct book *b);

enum { PAGE_RECORDS = 500 };
/* The next documents to ship: records, in order, and behind them at most one seal. */
struct book_page {
    struct arena arena; /* of the texts; starts as { 0 }, is emptied by each call */
    const char *documents[PAGE_RECORDS];
    int count;
    const char *seal; /* NULL: none */
    int64_t last;     /* number of the last record it has passed; 0: none */
    int64_t last_at;  /* `at` of the last of the documents */
    int64_t end;      /* of the book: where the next page begins */
};
/* False: nothing that is synced is left to ship. */
bool book_read_page(struct book *b, struct book_page *out);
/* MongoDB has them all, for good: forgets them, deletes the segments they end. */
void book_page_shipped(struct book *b, const struct book_page *page);
