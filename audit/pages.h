/* audit_pages.h -- documents of the audit in MongoDB, page by page in the order of their ids, which
 * is by writer and number: memory is bounded, and the index that every server has is enough. */
#pragma once

#include "audit/record.h"
#include "base/arena.h"
#include "platform/mongo/mongo.h"

enum { AUDIT_ID = 128 };

/* The database that MONGODB_URI names. DONE or the exit code, after a sentence. */
int audit_database(struct mongo **out);

/* "requests" or "security"; NULL: all. USAGE after a sentence; *first to *last. */
int audit_books_named(const char *name, int *first, int *last);

/* The writer whose documents follow those of `after` ("": the first one), of that book; "" if there
 * is none. Also one that has left nothing but seals. */
fallible audit_next_writer(struct mongo *m, enum audit_book b, const char *after,
                           char out[WRITER_TEXT]);

bool audit_is_of_book(const char *writer, enum audit_book b);

/* Appends a filter: ids behind `after` and before `end` ("": none), and the members `more` ("":
 * none). */
void audit_filter(const char *after, const char *end, const char *more, struct text *out);
/* All of a writer. */
void audit_filter_writer(const char *writer, const char *more, struct text *out);

struct audit_pages {
    struct mongo *mongo;
    const char *collection;
    char after[AUDIT_ID], end[AUDIT_ID]; /* ids between which documents are; end "": none */
    const char *more;                    /* more of the filter, `"at":{"$gte":5}`, or "" */
    struct arena arena;                  /* of the page */
    const char **documents, **ids;
    int count, at;
    bool over;
};

/* Of one writer, or of all (NULL). */
void audit_pages_open(struct audit_pages *p, struct mongo *m, const char *collection,
                      const char *writer, const char *more);
/* The next one, NULL if there is none; stays until the one behind is asked for. */
fallible audit_pages_peek(struct audit_pages *p, const char **id, const char **document);
static inline void audit_pages_take(struct audit_pages *p)
{
    p->at++;
}
static inline void audit_pages_close(struct audit_pages *p)
{
    arena_release(&p->arena);
}
#define scoped_pages __attribute__((cleanup(audit_pages_close))) struct audit_pages

/* "<writer>:<n, 12 digits>" */
const char *audit_id(const char *writer, int64_t n, char out[AUDIT_ID]);
