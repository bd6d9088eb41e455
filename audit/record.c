/* record.c -- members.def as a table: written, read back and hashed by the same rows. */
#include "audit/record.h"

#include <sodium.h>
#include <stddef.h>

#include "base/members.h"
#include "base/time.h"
#include "platform/identity/digest.h"
#include "base/banned.h"

enum member_kind { RECORD_INT, RECORD_TEXT };

#define INT                RECORD_INT
#define TEXT               RECORD_TEXT
#define MEMBER(name, kind) {#name, kind, offsetof(struct audit_record, name)},
static const struct record_row {
    const char *name;
    enum member_kind kind;
    size_t offset;
} rows[] = {
#include "audit/members.def"
};
#undef MEMBER
#undef TEXT
#undef INT

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
_Static_assert(ROWS <= 32, "record_key has a bit for each member");

/* ---- books ---- */

const char *audit_book_name(enum audit_book b)
{
#define BOOK(name, days, quarters) #name,
    static const char *const names[] = {
#include "audit/books.def"
    };
#undef BOOK
    return names[b];
}

int64_t audit_book_bytes(enum audit_book b, int64_t spool_bytes)
{
#define BOOK(name, days, quarters) quarters,
    static const int quarters[] = {
#include "audit/books.def"
    };
#undef BOOK
    return spool_bytes / 4 * quarters[b];
}

const char *audit_collection(enum audit_book b)
{
#define BOOK(name, days, quarters) "audit_" #name,
    static const char *const names[] = {
#include "audit/books.def"
    };
#undef BOOK
    return names[b];
}

enum audit_book audit_book_of(const char *kind)
{
#define KIND(name, book) {#name, BOOK_##book},
    static const struct {
        const char *name;
        enum audit_book book;
    } kinds[] = {
#include "audit/kinds.def"
    };
#undef KIND
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (text_equal(kinds[i].name, kind))
            return kinds[i].book;
    return BOOK_security;
}

/* ---- writing ---- */

/* Of a text that is too long or not UTF-8. */
static void append_cleaned(struct text *out, const char *s)
{
    char clean[RECORD_TEXT_MAX + 1];
    size_t n = 0, left = strlen(s), size;
    uint32_t character;
    for (; left; s += size, left -= size) {
        size = text_character(s, left, &character);
        if (n + (size ? size : 1) > RECORD_TEXT_MAX)
            break;
        memcpy(clean + n, size ? s : "?", size ? size : 1);
        n += size ? size : 1;
        size = size ? size : 1;
    }
    clean[n] = '\0';
    text_append_json(out, clean);
}

static void append_value(struct text *out, const char *s)
{
    size_t length = strlen(s);
    if (length > RECORD_TEXT_MAX ||
        (text_ascii(s, length) < length && text_characters(s, length) < 0))
        append_cleaned(out, s);
    else
        text_append_json(out, s);
}

static void append_time(struct text *out, int64_t at)
{
    char text[TIME_TEXT];
    text_append_json(out, time_format(at, text));
}

/* `shown`: for people, `at` as a time. */
static void append_members(const struct audit_record *r, char before, bool shown, struct text *out)
{
    for (const struct record_row *row = rows; row < rows + ROWS; row++) {
        const void *member = (const char *)r + row->offset;
        int64_t n = row->kind == RECORD_INT ? *(const int64_t *)member : 0;
        const char *s = row->kind == RECORD_TEXT ? *(const char *const *)member : NULL;
        if (!n && !s)
            continue;
        text_append_char(out, before);
        text_append_char(out, '"');
        text_append(out, row->name);
        text_append_bytes(out, "\":", 2);
        if (s)
            append_value(out, s);
        else if (shown && member == &r->at)
            append_time(out, n);
        else
            text_append_int(out, n);
        before = ',';
    }
    text_append(out, before == '{' ? "{}" : "}");
}

void record_write(const struct audit_record *r, struct text *out)
{
    append_members(r, '{', false, out);
}

void record_key(const struct audit_record *r, struct text *out)
{
    uint32_t present = 0;
    size_t at = out->length;
    text_append_bytes(out, (const char *)&present, sizeof(present));
    for (size_t i = 0; i < ROWS; i++) {
        const char *member = (const char *)r + rows[i].offset;
        const char *s = rows[i].kind == RECORD_TEXT ? *(const char *const *)member : NULL;
        if (s)
            text_append_bytes(out, s, strlen(s) + 1);
        else if (rows[i].kind == RECORD_INT && *(const int64_t *)member)
            text_append_bytes(out, member, sizeof(int64_t));
        else
            continue;
        present |= UINT32_C(1) << i;
    }
    memcpy(out->at + at, &present, sizeof(present));
}

/* ---- the chain ---- */

void chain_begin(struct chain_end *c, const char *writer)
{
    snprintf(c->writer, sizeof(c->writer), "%s", writer);
    c->n = 0;
    digest_whole(NULL, writer, strlen(writer), c->hash, CHAIN_HASH);
}

void chain_follow(const unsigned char before[CHAIN_HASH], const char *canonical, size_t length,
                  unsigned char out[CHAIN_HASH])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CHAIN_HASH);
    crypto_generichash_update(&state, before, CHAIN_HASH);
    crypto_generichash_update(&state, (const unsigned char *)canonical, length);
    crypto_generichash_final(&state, out, CHAIN_HASH);
}

void chain_add(struct chain_end *c, const char *canonical, size_t length)
{
    chain_follow(c->hash, canonical, length, c->hash);
    c->n++;
}

bool chain_hash_read(const char *hex, unsigned char out[CHAIN_HASH])
{
    unsigned char bytes[CHAIN_HASH];
    size_t found;
    if (strlen(hex) != CHAIN_HASH_TEXT - 1 ||
        sodium_hex2bin(bytes, sizeof(bytes), hex, CHAIN_HASH_TEXT - 1, NULL, &found, NULL) ||
        found != CHAIN_HASH)
        return false;
    memcpy(out, bytes, CHAIN_HASH);
    return true;
}

/* ---- the document ---- */

void record_document(const struct chain_end *c, const char *canonical, struct text *out)
{
    char hash[CHAIN_HASH_TEXT];
    text_hex(c->hash, CHAIN_HASH, hash);
    text_printf(out, "{\"_id\":\"%s:%012lld\",\"writer\":\"%s\",\"n\":%lld,\"hash\":\"%s\",%s",
                c->writer, (long long)c->n, c->writer, (long long)c->n, hash, canonical + 1);
}

void record_show(const struct stored_record *r, struct text *out)
{
    char hash[CHAIN_HASH_TEXT];
    text_hex(r->hash, CHAIN_HASH, hash);
    text_append(out, "{\"id\":");
    text_append_json(out, r->id);
    text_printf(out, ",\"hash\":\"%s\"", hash);
    append_members(&r->record, ',', true, out);
}

static bool is_named(const struct member *m, const char *name)
{
    return m->name.length == strlen(name) && memcmp(m->name.at, name, m->name.length) == 0;
}

static const char *text_of(const struct member *m, struct arena *a)
{
    return *m->json.at == '"' ? arena_bytes(a, m->text.at, m->text.length) : NULL;
}

static bool int_of(const struct member *m, struct arena *a, int64_t *out)
{
    return text_to_int(arena_bytes(a, m->json.at, m->json.length), out) && *out != 0;
}

/* One of the four that stand before the members. */
static bool take_head(const struct member *m, struct arena *a, struct stored_record *out,
                      bool *known)
{
    const char *hash;
    *known = true;
    if (is_named(m, "_id"))
        return (out->id = text_of(m, a)) != NULL;
    if (is_named(m, "writer"))
        return (out->writer = text_of(m, a)) != NULL;
    if (is_named(m, "n"))
        return int_of(m, a, &out->n);
    if (is_named(m, "hash"))
        return (hash = text_of(m, a)) && chain_hash_read(hash, out->hash);
    *known = false;
    return true;
}

static bool take_row(const struct member *m, struct arena *a, struct audit_record *out)
{
    for (const struct record_row *row = rows; row < rows + ROWS; row++) {
        void *member = (char *)out + row->offset;
        if (!is_named(m, row->name))
            continue;
        if (row->kind == RECORD_INT)
            return !*(int64_t *)member && int_of(m, a, member);
        return !*(const char **)member && (*(const char **)member = text_of(m, a));
    }
    return false;
}

bool record_read(const char *document, struct arena *a, struct stored_record *out)
{
    struct members members;
    struct stored_record found = {.id = NULL};
    int heads = 0;
    if (!members_read(document, a, &members))
        return false;
    for (int i = 0; i < members.count; i++) {
        bool head;
        if (!take_head(&members.at[i], a, &found, &head) ||
            (!head && !take_row(&members.at[i], a, &found.record)))
            return false;
        heads += head;
    }
    if (heads != 4 || !found.id || !found.writer || found.n < 1 || found.n > RECORD_NUMBER_MAX)
        return false;
    *out = found;
    return true;
}
