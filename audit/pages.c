/* pages.c -- see pages.h. */
#include "audit/pages.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/members.h"
#include "platform/process/settings.h"
#include "base/banned.h"

enum { PAGE = 500 };

fallible audit_mongo(const char *uri, const char *password_file, struct mongo **out)
{
    char *password = NULL;
    if (*password_file)
        TRY(secret_read_text(password_file, &password));
    const struct problem *p = mongo_new(uri, password, AUDIT_DATABASE, out);
    free(password);
    return p;
}

static fallible insert_into_mongo(void *mongo, const char *collection, const char *const *documents,
                                  int count)
{
    return mongo_insert(mongo, collection, documents, count);
}

struct audit_target audit_mongo_target(struct mongo *m)
{
    return (struct audit_target){m, insert_into_mongo};
}

const char *audit_id(const char *writer, int64_t n, char out[AUDIT_ID])
{
    snprintf(out, AUDIT_ID, "%s:%012lld", writer, (long long)n);
    return out;
}

void audit_filter(const char *after, const char *end, const char *more, struct text *out)
{
    text_append(out, "{\"_id\":{\"$gt\":");
    text_append_json(out, after);
    if (*end) {
        text_append(out, ",\"$lt\":");
        text_append_json(out, end);
    }
    text_printf(out, "}%s%s}", *more ? "," : "", more);
}

/* Ids of a writer stand between these. */
static void bounds_of(const char *writer, char after[AUDIT_ID], char end[AUDIT_ID])
{
    snprintf(after, AUDIT_ID, "%s:", writer);
    snprintf(end, AUDIT_ID, "%s;", writer); /* the character behind ':' */
}

void audit_filter_writer(const char *writer, const char *more, struct text *out)
{
    char after[AUDIT_ID], end[AUDIT_ID];
    bounds_of(writer, after, end);
    audit_filter(after, end, more, out);
}

/* ---- pages ---- */

void audit_pages_open(struct audit_pages *p, struct mongo *m, const char *collection,
                      const char *writer, const char *more)
{
    *p = (struct audit_pages){.mongo = m, .collection = collection, .more = more};
    char after[AUDIT_ID];
    if (!writer)
        return;
    bounds_of(writer, after, p->end);
    text_append(&p->after, after);
}

static bool keep(const char *document, void *arg)
{
    struct audit_pages *p = arg;
    struct members m;
    const struct member *id = NULL;
    p->documents[p->count] = arena_text(&p->arena, document);
    if (members_read(p->documents[p->count], &p->arena, &m))
        id = members_find(&m, "_id");
    p->ids[p->count] =
        id && id->text.at ? arena_bytes(&p->arena, id->text.at, id->text.length) : "";
    return ++p->count < PAGE;
}

static fallible read_page(struct audit_pages *p)
{
    scoped_text filter = {0};
    audit_filter(text_value(&p->after), p->end, p->more, &filter);
    arena_release(&p->arena);
    p->documents = arena_array(&p->arena, PAGE, sizeof(*p->documents));
    p->ids = arena_array(&p->arena, PAGE, sizeof(*p->ids));
    p->count = p->at = 0;
    TRY(mongo_find(p->mongo, p->collection, text_value(&filter), "{\"_id\":1}", PAGE, keep, p));
    p->over = p->count < PAGE;
    if (p->count) {
        text_clear(&p->after);
        text_append(&p->after, p->ids[p->count - 1]);
    }
    return NULL;
}

fallible audit_pages_peek(struct audit_pages *p, const char **id, const char **document)
{
    if (p->at == p->count && !p->over)
        TRY(read_page(p));
    bool there = p->at < p->count;
    *id = there ? p->ids[p->at] : NULL;
    *document = there ? p->documents[p->at] : NULL;
    return NULL;
}

/* ---- writers ---- */

bool audit_take_id(const char *document, void *id)
{
    scoped_arena a = {0};
    struct members m;
    const struct member *found = members_read(document, &a, &m) ? members_find(&m, "_id") : NULL;
    if (found && found->text.at)
        text_append_bytes(id, found->text.at, found->text.length);
    return false;
}

/* The first one behind `after` that an id of the collection names. An id may be anything, and of
 * any length, that somebody has put there. */
static fallible next_in(struct mongo *m, const char *collection, const char *after,
                        char out[WRITER_TEXT], int64_t *strays)
{
    scoped_text behind = {0};
    text_printf(&behind, "%s%s", after, *after ? ";" : "");
    for (*out = '\0';;) {
        scoped_text filter = {0}, id = {0};
        audit_filter(text_value(&behind), "", "", &filter);
        TRY(mongo_find(m, collection, text_value(&filter), "{\"_id\":1}", 1, audit_take_id, &id));
        size_t length = strcspn(text_value(&id), ":");
        if (!id.length)
            return NULL;
        if (length < WRITER_TEXT && length < id.length) {
            snprintf(out, WRITER_TEXT, "%.*s", (int)length, text_value(&id));
            return NULL;
        }
        if (strays)
            ++*strays;
        text_clear(&behind);
        text_append(&behind, text_value(&id));
    }
}

bool audit_is_of_book(const char *writer, enum audit_book b)
{
    char word[32];
    snprintf(word, sizeof(word), ".%s-", audit_book_name(b));
    return strstr(writer, word) != NULL;
}

fallible audit_next_writer(struct mongo *m, enum audit_book b, const char *after,
                           char out[WRITER_TEXT], int64_t *strays)
{
    char records[WRITER_TEXT], seals[WRITER_TEXT], from[WRITER_TEXT];
    snprintf(from, sizeof(from), "%s", after);
    TRY(next_in(m, audit_collection(b), from, records, strays));
    do {
        TRY(next_in(m, AUDIT_SEALS, from, seals, strays));
        snprintf(from, sizeof(from), "%s", seals);
    } while (*seals && !audit_is_of_book(seals, b));
    bool first = *records && (!*seals || strcmp(records, seals) < 0);
    snprintf(out, WRITER_TEXT, "%s", first ? records : seals);
    return NULL;
}

fallible audit_next_sealed(struct mongo *m, const char *after, char out[WRITER_TEXT])
{
    char from[WRITER_TEXT];
    snprintf(from, sizeof(from), "%s", after);
    return next_in(m, AUDIT_SEALS, from, out, NULL);
}

/* ---- seals ---- */

struct seal_search {
    const char *writer;
    const unsigned char *public_key;
    struct seal *out;
    int64_t forged;
};

static bool take_seal(const char *document, void *arg)
{
    struct seal_search *s = arg;
    struct seal seal;
    if (!seal_read(document, &seal) || !text_equal(seal.end.writer, s->writer) ||
        !seal_is_signed_by(&seal, s->public_key)) {
        s->forged++;
        return true;
    }
    *s->out = seal;
    return false;
}

fallible audit_newest_seal(struct mongo *m, const char *writer, const char *more,
                           const unsigned char public_key[SEAL_PUBLIC], struct seal *out,
                           int64_t *forged)
{
    struct seal_search s = {writer, public_key, out, 0};
    scoped_text filter = {0};
    *out = (struct seal){.at = 0};
    audit_filter_writer(writer, more, &filter);
    TRY(mongo_find(m, AUDIT_SEALS, text_value(&filter), "{\"_id\":-1}", SEALS_TRIED, take_seal,
                   &s));
    if (forged)
        *forged += s.forged;
    return NULL;
}
