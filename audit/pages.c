/* audit_pages.c -- see audit_pages.h. */
#include "ctl/audit_pages.h"

#include "audit/seal.h"
#include "base/members.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "platform/process/settings.h"
#include "base/banned.h"

enum { PAGE = 500 };

int audit_database(struct mongo **out)
{
    const char *uri = setting_of("mongodb_uri"), *file = setting_of("mongodb_password_file");
    static char *password; /* as long as the program, as the driver wants it */
    if (!*uri)
        return failed("MONGODB_URI is not set: it names the server that has the record.");
    if (*file && secret_read_text(file, &password))
        return failed("the file that MONGODB_PASSWORD_FILE names cannot be read.");
    mongo_library_start();
    return mongo_new(uri, password, AUDIT_DATABASE, out) ? failed("MONGODB_URI cannot be used.")
                                                         : DONE;
}

int audit_books_named(const char *name, int *first, int *last)
{
    *first = 0;
    *last = AUDIT_BOOKS - 1;
    if (!name)
        return DONE;
    for (int i = 0; i < AUDIT_BOOKS; i++)
        if (text_equal(name, audit_book_name((enum audit_book)i))) {
            *first = *last = i;
            return DONE;
        }
    return wrong_usage("there is no book \"%s\"; there are requests and security.", name);
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

void audit_filter_writer(const char *writer, const char *more, struct text *out)
{
    char after[AUDIT_ID], end[AUDIT_ID];
    snprintf(after, sizeof(after), "%s:", writer);
    snprintf(end, sizeof(end), "%s;", writer); /* the character behind ':' */
    audit_filter(after, end, more, out);
}

/* ---- pages ---- */

void audit_pages_open(struct audit_pages *p, struct mongo *m, const char *collection,
                      const char *writer, const char *more)
{
    *p = (struct audit_pages){.mongo = m, .collection = collection, .more = more};
    if (!writer)
        return;
    snprintf(p->after, sizeof(p->after), "%s:", writer);
    snprintf(p->end, sizeof(p->end), "%s;", writer); /* the character behind ':' */
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
    audit_filter(p->after, p->end, p->more, &filter);
    arena_release(&p->arena);
    p->documents = arena_array(&p->arena, PAGE, sizeof(*p->documents));
    p->ids = arena_array(&p->arena, PAGE, sizeof(*p->ids));
    p->count = p->at = 0;
    TRY(mongo_find(p->mongo, p->collection, text_value(&filter), "{\"_id\":1}", PAGE, keep, p));
    p->over = p->count < PAGE;
    if (p->count)
        snprintf(p->after, sizeof(p->after), "%s", p->ids[p->count - 1]);
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

static bool keep_id(const char *document, void *id)
{
    scoped_arena a = {0};
    struct members m;
    const struct member *found = members_read(document, &a, &m) ? members_find(&m, "_id") : NULL;
    if (found && found->text.at)
        snprintf(id, AUDIT_ID, "%.*s", (int)found->text.length, found->text.at);
    return false;
}

/* The first one behind `after` that a document of the collection names. */
static fallible next_in(struct mongo *m, const char *collection, const char *after,
                        char out[WRITER_TEXT])
{
    scoped_text filter = {0};
    char id[AUDIT_ID] = "", behind[AUDIT_ID];
    snprintf(behind, sizeof(behind), "%s%s", after, *after ? ";" : "");
    audit_filter(behind, "", "", &filter);
    TRY(mongo_find(m, collection, text_value(&filter), "{\"_id\":1}", 1, keep_id, id));
    snprintf(out, WRITER_TEXT, "%.*s", (int)strcspn(id, ":"), id);
    return NULL;
}

bool audit_is_of_book(const char *writer, enum audit_book b)
{
    char word[32];
    snprintf(word, sizeof(word), ".%s-", audit_book_name(b));
    return strstr(writer, word) != NULL;
}

fallible audit_next_writer(struct mongo *m, enum audit_book b, const char *after,
                           char out[WRITER_TEXT])
{
    char records[WRITER_TEXT], seals[WRITER_TEXT];
    snprintf(seals, sizeof(seals), "%s", after);
    TRY(next_in(m, audit_collection(b), after, records));
    do
        TRY(next_in(m, AUDIT_SEALS, seals, seals));
    while (*seals && !audit_is_of_book(seals, b));
    bool first = *records && (!*seals || strcmp(records, seals) < 0);
    snprintf(out, WRITER_TEXT, "%s", first ? records : seals);
    return NULL;
}
