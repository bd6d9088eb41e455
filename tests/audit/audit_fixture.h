/* audit_fixture.h -- a folder of its own for a test, a key, and a MongoDB that is a list in memory.
 */
#pragma once

#include "audit/book.h"
#include "base/arena.h"

enum { STORED_MAX = 20000 };

/* What was inserted: by _id, each once. */
struct stored {
    const char *collection, *document;
};
struct fake_mongo {
    struct arena arena;
    struct stored at[STORED_MAX];
    int count;
    int inserted;       /* documents handed over, repeated ones too */
    bool away;          /* refuses */
    bool loses_answers; /* stores and says it is away */
};

/* A new empty folder; `out` gets its path. Removed by folder_remove. */
enum { FOLDER_PATH = 128 };
void folder_make(char out[FOLDER_PATH]);
void folder_remove(const char *path);
/* A copy of the files of one folder in another, which is made. */
void folder_copy(const char *from, const char *to);
/* How many files end so; "": all. */
int folder_count(const char *path, const char *ending);

void key_of_tests(struct seal_key *out);

/* In `folder`/b. */
struct book *open_book(const char *folder, int64_t max_bytes);
enum { MUCH = 64 * 1024 * 1024, LITTLE = 64 * 1024 }; /* bytes a book may have */
/* The number of its last record. */
int64_t head_of(struct book *b);
/* One record of a request with that number as its position. */
void write_numbered(struct book *b, int64_t from, int64_t to);

fallible fake_insert(void *fake, const char *collection, const char *const *documents, int count);
void fake_release(struct fake_mongo *f);
/* Syncs and ships all there is. */
fallible ship_all(struct book *b, struct fake_mongo *to);

/* Checks that the documents of the collection are one chain from record 1 to `n` by one writer, and
 * that the records of requests have the positions 1, 2, 3 … in order; returns how many these are.
 */
int64_t check_chain(const struct fake_mongo *f, const char *collection, int64_t n);
