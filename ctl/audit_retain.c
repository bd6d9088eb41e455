/* audit_retain.c -- citywatchctl audit retain: what is older than it has to be kept goes, in whole
 * sealed ranges from the oldest on, so that what stays can be verified. Seals stay. */
#include "audit/seal.h"
#include "base/members.h"
#include "base/time.h"
#include "ctl/audit.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

enum { BATCH = 2000 };
static const int64_t DAY = 86400LL * 1000000;

bool audit_kept_from(enum audit_book b, int64_t *out)
{
#define BOOK(name, days, quarters) #days,
    static const char *const settings[] = {
#include "audit/books.def"
    };
#undef BOOK
    int64_t days;
    if (!text_to_int(setting_of(settings[b]), &days) || days < 1 || days > 3650) {
        failed("%s is not a number of days from 1 to 3650.", settings[b]);
        return false;
    }
    *out = time_now() - days * DAY;
    return true;
}

struct retaining {
    struct mongo *mongo;
    struct seal_key key; /* its public half */
    int64_t kept_from[AUDIT_BOOKS];
    bool dry;
};

/* One writer's records that go: those numbered `first` to `last`. */
struct aged {
    const char *writer;
    int64_t first, last; /* 0: none */
};

/* Its number, by its id: what else the document holds may be anybody's. */
static bool read_number(const char *document, void *n)
{
    scoped_arena a = {0};
    struct members m;
    const struct member *id = members_read(document, &a, &m) ? members_find(&m, "_id") : NULL;
    const char *text = id && id->text.at ? arena_bytes(&a, id->text.at, id->text.length) : "";
    const char *digits = strchr(text, ':');
    *(int64_t *)n = digits ? strtoll(digits + 1, NULL, 10) : 0;
    return false;
}

/* Up to the newest seal that is older, and that the key has signed: whatever it seals was there
 * before it. */
static fallible find_aged(struct retaining *r, enum audit_book b, struct aged *out)
{
    scoped_text numbered = {0};
    char older[64], after[AUDIT_ID], end[AUDIT_ID];
    struct seal seal;
    snprintf(older, sizeof(older), "\"at\":{\"$lt\":%lld}", (long long)r->kept_from[b]);
    TRY(audit_newest_seal(r->mongo, out->writer, older, r->key.public_key, &seal, NULL));
    out->last = seal.end.n;
    audit_filter(audit_id(out->writer, 0, after), audit_id(out->writer, out->last + 1, end), "",
                 &numbered);
    if (out->last)
        TRY(mongo_find(r->mongo, audit_collection(b), text_value(&numbered), "{\"_id\":1}", 1,
                       read_number, &out->first));
    if (!out->first)
        out->last = 0;
    return NULL;
}

/* In bounded batches, the oldest first: one that is broken off is continued by the next call. */
static fallible delete_aged(struct mongo *m, enum audit_book b, const struct aged *a,
                            int64_t *deleted)
{
    scoped_text filter = {0};
    char after[AUDIT_ID], end[AUDIT_ID];
    int64_t batch;
    audit_filter(audit_id(a->writer, 0, after), audit_id(a->writer, a->last + 1, end), "", &filter);
    do {
        TRY(mongo_delete(m, audit_collection(b), text_value(&filter), BATCH, &batch));
        *deleted += batch;
    } while (batch == BATCH);
    return NULL;
}

static const struct table_column columns[] = {
    {"book", false}, {"writer", false}, {"first", true}, {"last", true}, {"records", true}};

/* Each writer in turn: shows what goes, or deletes it. */
static fallible retain_book(struct retaining *r, enum audit_book b, struct table *t)
{
    char writer[WRITER_TEXT] = "";
    for (;;) {
        struct aged a = {.writer = writer};
        int64_t count;
        TRY(audit_next_writer(r->mongo, b, writer, writer, NULL));
        if (!*writer)
            return NULL;
        TRY(find_aged(r, b, &a));
        if (!a.last)
            continue;
        count = r->dry ? a.last - a.first + 1 : 0;
        if (!r->dry)
            TRY(delete_aged(r->mongo, b, &a, &count));
        const char *const cells[] = {audit_book_name(b), writer, cell_int(&t->arena, a.first),
                                     cell_int(&t->arena, a.last), cell_int(&t->arena, count)};
        table_add(t, cells);
    }
}

int audit_retain(const struct audit_given *g)
{
    struct retaining r = {.dry = g->dry_run};
    scoped_table t = table_of(columns, sizeof(columns) / sizeof(columns[0]));
    const struct problem *p = NULL;
    for (int b = 0; b < AUDIT_BOOKS; b++)
        if (!audit_kept_from((enum audit_book)b, &r.kept_from[b]))
            return FAILED;
    if (!g->dry_run &&
        !confirmed(g->yes,
                   "Requests on record for more than %s days, and what is of security for more "
                   "than %s, are deleted for good.",
                   setting_of("audit_requests_days"), setting_of("audit_security_days")))
        return FAILED;
    int code = audit_key(NULL, &r.key);
    code = code ? code : audit_database(&r.mongo);
    for (int b = 0; !code && !p && b < AUDIT_BOOKS; b++)
        p = retain_book(&r, (enum audit_book)b, &t);
    mongo_free(r.mongo);
    seal_key_wipe(&r.key);
    if (!code)
        table_print(&t, g->json);
    return code ? code : p ? failed_by(p, "audit retain") : DONE;
}
