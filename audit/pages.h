/* pages.h -- the chains of the audit as MongoDB holds them: whose there are, and their documents
 * page by page in the order of their ids, which is by writer and number. Memory is bounded, and the
 * index that every server has is enough. For the thread of its client. */
#pragma once

#include "audit/seal.h"
#include "audit/ship.h"
#include "base/arena.h"
#include "platform/mongo/mongo.h"

enum { AUDIT_ID = 128 };

/* Does not connect. `password_file` "": no password. NOT_STARTED, logged: the file cannot be read,
 * or the URI is none. */
fallible audit_mongo(const char *uri, const char *password_file, struct mongo **out);

/* To ship to it. */
struct audit_target audit_mongo_target(struct mongo *m);

/* The writer whose documents follow those of `after` ("": the first one), of that book; "" if there
 * is none. Also one that has left nothing but seals. Ids that are none of a record or a seal are
 * passed over and counted in `strays` (NULL: not). */
fallible audit_next_writer(struct mongo *m, enum audit_book b, const char *after,
                           char out[WRITER_TEXT], int64_t *strays);

/* The same of those that have left seals, of any book. Does not read the records, which a server
 * without an index for ranges would have to read all. */
fallible audit_next_sealed(struct mongo *m, const char *after, char out[WRITER_TEXT]);

/* The newest seal of a writer that the key has signed, of those that fit `more` as well ("": all):
 * among the last SEALS_TRIED, and others are counted in `forged` (NULL: not). Number 0: none. */
enum { SEALS_TRIED = 1000 };
fallible audit_newest_seal(struct mongo *m, const char *writer, const char *more,
                           const unsigned char public_key[SEAL_PUBLIC], struct seal *out,
                           int64_t *forged);

bool audit_is_of_book(const char *writer, enum audit_book b);

/* Appends a filter: ids behind `after` and before `end` ("": none), and the members `more` ("":
 * none). */
void audit_filter(const char *after, const char *end, const char *more, struct text *out);
/* All of a writer. */
void audit_filter_writer(const char *writer, const char *more, struct text *out);

struct audit_pages {
    struct mongo *mongo;
    const char *collection;
    struct text after;  /* the id behind which the next page begins */
    char end[AUDIT_ID]; /* and before which the last one ends; "": none */
    const char *more;   /* more of the filter, `"at":{"$gte":5}`, or "" */
    struct arena arena; /* of the page */
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
    text_release(&p->after);
}
#define scoped_pages __attribute__((cleanup(audit_pages_close))) struct audit_pages

/* For mongo_find: appends the _id of the first document to a struct text, if it is a text. */
bool audit_take_id(const char *document, void *id);
/* "<writer>:<n, 12 digits>" */
const char *audit_id(const char *writer, int64_t n, char out[AUDIT_ID]);
