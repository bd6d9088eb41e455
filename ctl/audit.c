/* audit.c -- citywatchctl audit: the record of requests in MongoDB. Shows and exports it here;
 * verify and retain have files of their own. */
#include "ctl/audit.h"

#include "base/members.h"
#include "base/time.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "ctl/moments.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

enum { TAIL_MAX = 1000 };

int audit_database(struct mongo **out)
{
    const char *uri = setting_of("mongodb_uri"), *file = setting_of("mongodb_password_file");
    if (!*uri)
        return failed("MONGODB_URI is not set: it names the server that has the record.");
    mongo_library_start();
    return audit_mongo(uri, file, out)
               ? failed("MONGODB_URI or MONGODB_PASSWORD_FILE cannot be used.")
               : DONE;
}

int audit_key(const char *public_key, struct seal_key *out)
{
    const char *file = setting_of("audit_key_file");
    if (public_key)
        return chain_hash_read(public_key, out->public_key)
                   ? DONE
                   : wrong_usage(
                         "--public-key takes 64 hexadecimal digits, as public_key of a seal.");
    if (!*file)
        return failed("neither --public-key nor AUDIT_KEY_FILE says whose seals to believe.");
    return seal_key_read(file, out) ? failed("AUDIT_KEY_FILE cannot be read.") : DONE;
}

/* "requests" or "security"; NULL: all. USAGE after a sentence; *first to *last. */
static int books_named(const char *name, int *first, int *last)
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

/* ---- tail ---- */

struct newest {
    struct arena arena;
    struct stored_record at[TAIL_MAX]; /* the newest first */
    const char *documents[TAIL_MAX];
    int count, max;
};

/* Those of one writer come newest first; false once the others are newer. */
static bool keep_newest(const char *document, void *arg)
{
    struct newest *n = arg;
    struct stored_record r;
    if (!record_read(document, &n->arena, &r))
        return true; /* verify names it */
    int i = n->count;
    while (i > 0 && n->at[i - 1].record.at < r.record.at)
        i--;
    if (i == n->max)
        return false; /* nor are those behind it */
    int moved = (n->count < n->max ? n->count : n->max - 1) - i;
    memmove(&n->at[i + 1], &n->at[i], (size_t)moved * sizeof(n->at[0]));
    memmove(&n->documents[i + 1], &n->documents[i], (size_t)moved * sizeof(n->documents[0]));
    n->at[i] = r;
    n->documents[i] = arena_text(&n->arena, document);
    n->count += n->count < n->max;
    return true;
}

static fallible read_newest(struct mongo *m, int first, int last, struct newest *n)
{
    char writer[WRITER_TEXT] = "";
    for (int b = first; b <= last; b++)
        for (*writer = '\0';;) {
            scoped_text filter = {0};
            TRY(audit_next_writer(m, (enum audit_book)b, writer, writer, NULL));
            if (!*writer)
                break;
            audit_filter_writer(writer, "", &filter);
            TRY(mongo_find(m, audit_collection((enum audit_book)b), text_value(&filter),
                           "{\"_id\":-1}", n->max, keep_newest, n));
        }
    return NULL;
}

static const struct table_column tail_columns[] = {
    {"at", false},      {"kind", false},    {"service", false}, {"method", false},
    {"route", false},   {"status", true},   {"actor", false},   {"address", false},
    {"problem", false}, {"subject", false}, {"count", true}};
enum { TAIL_COLUMNS = sizeof(tail_columns) / sizeof(tail_columns[0]) };

static void print_newest(const struct newest *n)
{
    scoped_table t = table_of(tail_columns, TAIL_COLUMNS);
    for (int i = n->count; i-- > 0;) {
        const struct audit_record *r = &n->at[i].record;
        char at[TIME_TEXT];
        const char *const cells[TAIL_COLUMNS] = {time_format(r->at, at),
                                                 r->kind,
                                                 r->service,
                                                 r->method,
                                                 r->route,
                                                 r->status ? cell_int(&t.arena, r->status) : NULL,
                                                 r->actor,
                                                 r->address,
                                                 r->problem,
                                                 r->subject,
                                                 r->count ? cell_int(&t.arena, r->count) : NULL};
        table_add(&t, cells);
    }
    table_print(&t, false);
}

static int audit_tail(const struct audit_given *g)
{
    static struct newest n;
    scoped_mongo *m = NULL;
    int64_t max = 20;
    if (g->last && (!text_to_int(g->last, &max) || max < 1 || max > TAIL_MAX))
        return wrong_usage("--last takes a number of records from 1 to %d.", TAIL_MAX);
    int code = audit_database(&m);
    if (code)
        return code;
    put_on_record();
    n.max = (int)max;
    const struct problem *p = read_newest(m, g->first_book, g->last_book, &n);
    if (!p && !g->json)
        print_newest(&n);
    for (int i = p || !g->json ? 0 : n.count; i-- > 0;)
        print_visible(stdout, n.documents[i]);
    arena_release(&n.arena);
    return p ? failed_by(p, "audit tail") : DONE;
}

/* ---- export ---- */

static fallible export_book(struct mongo *m, const char *collection, const char *more)
{
    scoped_pages pages;
    const char *id, *document;
    audit_pages_open(&pages, m, collection, NULL, more);
    for (;; audit_pages_take(&pages)) {
        TRY(audit_pages_peek(&pages, &id, &document));
        if (!document || ferror(stdout))
            return NULL;
        print_visible(stdout, document);
    }
}

static int audit_export(const struct audit_given *g)
{
    int64_t moment;
    char more[64] = "";
    scoped_mongo *m = NULL;
    if (g->since && !moment_read(g->since, &moment))
        return wrong_usage(
            "--since takes 90s, 10m, 2h, 7d or a time such as 2026-01-02T03:04:05Z.");
    if (g->since)
        snprintf(more, sizeof(more), "\"at\":{\"$gte\":%lld}", (long long)moment);
    int code = audit_database(&m);
    if (code)
        return code;
    put_on_record();
    const struct problem *p = NULL;
    for (int b = g->first_book; !p && b <= g->last_book; b++)
        p = export_book(m, audit_collection((enum audit_book)b), more);
    if (!p && !g->since)
        p = export_book(m, AUDIT_SEALS, "");
    return p ? failed_by(p, "audit export") : DONE;
}

/* ---- words ---- */

enum { JSON = 1, BOOK_OPTION = 2, LAST = 4, SINCE = 8, KEY = 16, DRY_RUN = 32, YES = 64 };

static const struct audit_word {
    const char *word;
    int (*call)(const struct audit_given *g);
    int takes;
} audit_words[] = {{"verify", audit_verify, JSON | BOOK_OPTION | KEY},
                   {"tail", audit_tail, JSON | BOOK_OPTION | LAST},
                   {"export", audit_export, BOOK_OPTION | SINCE},
                   {"retain", audit_retain, JSON | DRY_RUN | YES}};

static int options_given(const struct audit_given *g)
{
    return (g->json ? JSON : 0) | (g->book ? BOOK_OPTION : 0) | (g->last ? LAST : 0) |
           (g->since ? SINCE : 0) | (g->public_key ? KEY : 0) | (g->dry_run ? DRY_RUN : 0) |
           (g->yes ? YES : 0);
}

static const struct audit_word *find_audit_word(const char *word)
{
    for (size_t i = 0; word && i < sizeof(audit_words) / sizeof(audit_words[0]); i++)
        if (text_equal(word, audit_words[i].word))
            return &audit_words[i];
    return NULL;
}

int verb_audit(int argc, char **argv)
{
    struct audit_given g = {.json = false};
    const struct option options[] = {
        {"--book", &g.book, NULL},   {"--last", &g.last, NULL},
        {"--since", &g.since, NULL}, {"--public-key", &g.public_key, NULL},
        {"--json", NULL, &g.json},   {"--dry-run", NULL, &g.dry_run},
        {"--yes", NULL, &g.yes},     {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, g.words, 1))
        return usage();
    const struct audit_word *w = find_audit_word(g.words[0]);
    if (!w)
        return wrong_word(g.words[0], "verify, tail, export or retain");
    if (options_given(&g) & ~w->takes)
        return wrong_usage("an option is given that audit %s does not take.", w->word);
    int code = books_named(g.book, &g.first_book, &g.last_book);
    return code ? code : w->call(&g);
}
