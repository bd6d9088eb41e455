/* mongo_fixture.h -- what the tests of platform/mongo share: collections of their own, documents
 * found as one text, calls that are repeated until the server is there again. */
#pragma once

#include "base/text.h"
#include "base/time.h"
#include "platform/mongo/mongo.h"
#include "tests/support/harness.h"
#include "tests/support/mongo_servers.h"

/* Driver and stand-in for the whole program. */
__attribute__((constructor)) static void start_library(void)
{
    mongo_library_start();
    atexit(mongo_library_stop);
}

/* A collection that no other test uses. */
static inline const char *new_collection(void)
{
    static char name[16];
    static int count;
    snprintf(name, sizeof(name), "c%d", ++count);
    return name;
}

/* With the server's options, such as "?socketTimeoutMS=300". */
static inline struct mongo *client_with(const char *uri, const char *options)
{
    char whole[256];
    struct mongo *m = NULL;
    snprintf(whole, sizeof(whole), "%s%s", uri, options);
    CHECK_OK(mongo_new(whole, NULL, "citywatch_test", &m));
    return m;
}

static inline struct mongo *client_of(const char *uri)
{
    return client_with(uri, "");
}

static inline bool gather(const char *document, void *arg)
{
    text_append(arg, document);
    text_append(arg, "\n");
    return true;
}

/* What the query gives, a document a line; freed by text_release. */
static inline struct text found(struct mongo *m, const char *collection, const char *filter,
                                const char *sort, int limit)
{
    struct text lines = {0};
    text_append(&lines, "");
    CHECK_OK(mongo_find(m, collection, filter, sort, limit, gather, &lines));
    return lines;
}

#define CHECK_FOUND(m, collection, filter, sort, limit, expected)           \
    do {                                                                    \
        struct text lines_ = found((m), (collection), filter, sort, limit); \
        CHECK_TEXT(lines_.at, expected);                                    \
        text_release(&lines_);                                              \
    } while (0)

static inline int64_t ms_since(int64_t began)
{
    return (time_monotonic() - began) / 1000;
}

/* `{"_id":"w:<from + i, 4 digits>","n":<from + i>}`, `count` of them. */
enum { DOCUMENTS_MAX = 2600, DOCUMENT_TEXT = 48 };
struct numbered {
    char texts[DOCUMENTS_MAX][DOCUMENT_TEXT];
    const char *list[DOCUMENTS_MAX];
};
static inline fallible insert_numbers(struct mongo *m, const char *collection, int from, int count)
{
    static struct numbered d;
    for (int i = 0; i < count; i++) {
        snprintf(d.texts[i], DOCUMENT_TEXT, "{\"_id\":\"w:%04d\",\"n\":%d}", from + i, from + i);
        d.list[i] = d.texts[i];
    }
    return mongo_insert(m, collection, d.list, count);
}

static inline bool count_one(const char *document, void *arg)
{
    (void)document;
    ++*(int *)arg;
    return true;
}

static inline int count_all(struct mongo *m, const char *collection)
{
    int n = 0;
    CHECK_OK(mongo_find(m, collection, "{}", NULL, 1000000, count_one, &n));
    return n;
}
