/* audit_fixture.c -- see audit_fixture.h. */
#include "tests/audit/audit_fixture.h"

#include <dirent.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/harness.h"

void folder_make(char out[FOLDER_PATH])
{
    snprintf(out, FOLDER_PATH, "/tmp/citywatch-audit-XXXXXX");
    if (sodium_init() < 0 || !mkdtemp(out))
        abort();
}

static void each_file(const char *path,
                      void (*call)(const char *folder, const char *name, void *arg), void *arg)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            call(path, e->d_name, arg);
    if (d)
        closedir(d);
}

static void remove_one(const char *folder, const char *name, void *arg)
{
    (void)arg;
    char path[2 * FOLDER_PATH];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (unlink(path))
        folder_remove(path);
}

void folder_remove(const char *path)
{
    each_file(path, remove_one, NULL);
    rmdir(path);
}

static void copy_one(const char *folder, const char *name, void *to)
{
    char path[2 * FOLDER_PATH], bytes[65536];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *in = fopen(path, "r");
    snprintf(path, sizeof(path), "%s/%s", (const char *)to, name);
    FILE *out = fopen(path, "w");
    for (size_t n; in && out && (n = fread(bytes, 1, sizeof(bytes), in));)
        CHECK(fwrite(bytes, 1, n, out) == n);
    fclose(in);
    fclose(out);
}

void folder_copy(const char *from, const char *to)
{
    mkdir(to, 0700);
    each_file(from, copy_one, (void *)(uintptr_t)to);
}

struct counting {
    const char *ending;
    int count;
};

static void count_one(const char *folder, const char *name, void *arg)
{
    (void)folder;
    struct counting *c = arg;
    size_t length = strlen(name), size = strlen(c->ending);
    c->count += length >= size && strcmp(name + length - size, c->ending) == 0;
}

int folder_count(const char *path, const char *ending)
{
    struct counting c = {ending, 0};
    each_file(path, count_one, &c);
    return c.count;
}

void key_of_tests(struct seal_key *out)
{
    unsigned char seed[crypto_sign_SEEDBYTES] = {7};
    crypto_sign_seed_keypair(out->public_key, out->secret, seed);
}

struct book *open_book(const char *folder, int64_t max_bytes)
{
    char path[FOLDER_PATH + 8];
    struct book *b = NULL;
    snprintf(path, sizeof(path), "%s/b", folder);
    struct book_settings s = {path, "test", "test.requests", max_bytes};
    CHECK_OK(book_open(&s, &b));
    return b;
}

int64_t head_of(struct book *b)
{
    struct book_figures f;
    book_figures(b, &f);
    return f.end.n;
}

void write_numbered(struct book *b, int64_t from, int64_t to)
{
    for (int64_t n = from; n <= to; n++) {
        scoped_text line = {0};
        record_write(&(struct audit_record){.at = 1000000 + n,
                                            .kind = "request",
                                            .method = "GET",
                                            .status = 200,
                                            .position = n},
                     &line);
        text_append_char(&line, '\n');
        book_write(b, text_value(&line), line.length);
    }
}

/* ---- the MongoDB ---- */

/* Our documents begin with their _id. */
static bool is_stored(const struct fake_mongo *f, const char *collection, const char *document)
{
    size_t id = strcspn(document, ",");
    for (int i = f->count; i-- > 0;)
        if (strncmp(f->at[i].document, document, id + 1) == 0 &&
            text_equal(f->at[i].collection, collection))
            return true;
    return false;
}

fallible fake_insert(void *fake, const char *collection, const char *const *documents, int count)
{
    struct fake_mongo *f = fake;
    if (f->away)
        return DATABASE_UNAVAILABLE;
    f->inserted += count;
    for (int i = 0; i < count; i++)
        if (!is_stored(f, collection, documents[i]) && f->count < STORED_MAX)
            f->at[f->count++] = (struct stored){arena_text(&f->arena, collection),
                                                arena_text(&f->arena, documents[i])};
    return f->loses_answers ? DATABASE_UNAVAILABLE : NULL;
}

void fake_release(struct fake_mongo *f)
{
    arena_release(&f->arena);
    *f = (struct fake_mongo){.count = 0};
}

fallible ship_all(struct book *b, struct fake_mongo *to)
{
    struct book_page page = {.count = 0};
    const struct problem *p = NULL;
    CHECK(book_sync(b));
    while (!p && book_read_page(b, &page)) {
        p = page.count ? fake_insert(to, "audit_requests", page.documents, page.count) : NULL;
        p = p || !page.seal ? p : fake_insert(to, "audit_seals", &page.seal, 1);
        if (!p)
            book_page_shipped(b, &page);
    }
    arena_release(&page.arena);
    return p;
}

int64_t check_chain(const struct fake_mongo *f, const char *collection, int64_t n)
{
    scoped_arena a = {0};
    struct chain_end end = {.n = 0};
    int64_t position = 0;
    for (int i = 0; i < f->count; i++) {
        struct stored_record r;
        scoped_text text = {0};
        if (!text_equal(f->at[i].collection, collection))
            continue;
        if (!record_read(f->at[i].document, &a, &r)) {
            CHECK_TEXT(f->at[i].document, "a record");
            break;
        }
        if (!end.n)
            chain_begin(&end, r.writer);
        record_write(&r.record, &text);
        chain_add(&end, text_value(&text), text.length);
        CHECK_TEXT(r.writer, end.writer);
        CHECK_INT(r.n, end.n);
        CHECK(memcmp(r.hash, end.hash, CHAIN_HASH) == 0);
        if (text_equal(r.record.kind, "request"))
            CHECK_INT(r.record.position, ++position);
    }
    CHECK_INT(end.n, n);
    return position;
}
