/* search.c -- see search.h. */
#include "audit/search.h"

#include <ctype.h>
#include <stdlib.h>

#include "audit/pages.h"
#include "base/time.h"
#include "base/banned.h"

enum { PAGE = 200, FINDS_MAX = 1000, BEGIN_WITH = 64 };
static const int64_t SECOND = 1000000, HOUR = 3600000000;
static const int64_t SLACK = 60000000; /* how far a clock may have been set back */

struct chain {
    char writer[WRITER_TEXT];
    enum audit_book book;
    struct text below; /* ids from this one on are passed */
    int64_t key;       /* when the last one was written, at the latest */
    bool over;
    struct arena arena; /* of the page */
    struct stored_record page[PAGE];
    int count, taken, seen, wanted;
    struct text last; /* id of the last document of the page */
};

struct audit_search {
    struct audit_terms terms;
    struct text more; /* of the filter */
    struct chain *chains[SEARCH_CHAINS];
    int chain_count;
    int64_t strays;
    int64_t left, until; /* of the turn: records, monotonic */
};

/* ---- ids ---- */

/* The number in an id, or what begins with one; 0: there is none. */
static int64_t number_in(const char *id)
{
    const char *colon = strchr(id, ':');
    char digits[13];
    int64_t n;
    snprintf(digits, sizeof(digits), "%.12s", colon ? colon + 1 : "");
    return strlen(digits) == 12 && text_to_int(digits, &n) && n > 0 ? n : 0;
}

static void stand_below(struct chain *c, int64_t n)
{
    char id[AUDIT_ID];
    text_clear(&c->below);
    text_append(&c->below, audit_id(c->writer, n, id));
}

/* ---- chains ---- */

static struct chain *add_chain(struct audit_search *s, const char *writer, enum audit_book b,
                               int64_t below)
{
    struct chain *c = must_alloc(1, sizeof(*c));
    snprintf(c->writer, sizeof(c->writer), "%s", writer);
    c->book = b;
    c->key = INT64_MAX;
    c->wanted = BEGIN_WITH;
    stand_below(c, below);
    return s->chains[s->chain_count++] = c;
}

static bool is_wanted(const struct audit_terms *w, const char *writer, enum audit_book b)
{
    const char *dot = strchr(writer, '.');
    size_t length = dot ? (size_t)(dot - writer) : 0;
    return audit_is_of_book(writer, b) &&
           (!w->service ||
            (strlen(w->service) == length && strncmp(w->service, writer, length) == 0));
}

/* The last id before `end`; *end is emptied if there is none. Else the next look is before it, or,
 * if it is of a record, before all of its writer. */
static fallible take_last(struct audit_search *s, struct mongo *m, enum audit_book b,
                          struct text *end)
{
    scoped_text filter = {0}, id = {0};
    char writer[WRITER_TEXT];
    audit_filter("", text_value(end), "", &filter);
    TRY(mongo_find(m, audit_collection(b), text_value(&filter), "{\"_id\":-1}", 1, audit_take_id,
                   &id));
    size_t length = strcspn(text_value(&id), ":");
    int64_t n = number_in(text_value(&id));
    bool stray = !n || length >= WRITER_TEXT;
    text_clear(end);
    text_append_bytes(end, text_value(&id), stray ? id.length : length + 1);
    s->strays += stray && id.length;
    snprintf(writer, sizeof(writer), "%.*s", (int)length, text_value(&id));
    if (stray || !is_wanted(&s->terms, writer, b))
        return NULL;
    if (s->chain_count == SEARCH_CHAINS)
        return OUT_OF_RANGE;
    add_chain(s, writer, b, n < RECORD_NUMBER_MAX ? n + 1 : n);
    return NULL;
}

/* A gap stands in the book that has lost something. */
static bool has_book(const struct audit_terms *w, enum audit_book b)
{
    return !w->kind || text_equal(w->kind, "gap") || audit_book_of(w->kind) == b;
}

static fallible find_chains(struct audit_search *s, struct mongo *m)
{
    for (int b = 0; b < AUDIT_BOOKS; b++) {
        scoped_text end = {0};
        int finds = 0;
        if (!has_book(&s->terms, (enum audit_book)b))
            continue;
        do {
            if (++finds > FINDS_MAX)
                return OUT_OF_RANGE;
            TRY(take_last(s, m, (enum audit_book)b, &end));
        } while (end.length);
    }
    return NULL;
}

/* ---- the filter ---- */

static void append_text(struct text *out, const char *name, const char *value)
{
    if (!value)
        return;
    text_printf(out, "%s\"%s\":", out->length ? "," : "", name);
    text_append_json(out, value);
}

static void append_times(struct text *out, int64_t from, int64_t to)
{
    if (!from && !to)
        return;
    text_printf(out, "%s\"at\":{", out->length ? "," : "");
    if (from)
        text_printf(out, "\"$gte\":%lld%s", (long long)from, to ? "," : "");
    if (to)
        text_printf(out, "\"$lt\":%lld", (long long)to);
    text_append(out, "}");
}

static void write_filter(const struct audit_terms *w, struct text *out)
{
    append_text(out, "actor", w->actor);
    append_text(out, "route", w->route);
    append_text(out, "kind", w->kind);
    append_text(out, "subject", w->subject);
    if (w->status)
        text_printf(out, "%s\"status\":%lld", out->length ? "," : "", (long long)w->status);
    append_times(out, w->from, w->to);
}

/* ---- pages of one chain ---- */

static bool keep(const char *document, void *chain)
{
    struct chain *c = chain;
    struct stored_record *r = &c->page[c->count];
    char id[AUDIT_ID];
    text_clear(&c->last);
    audit_take_id(document, &c->last);
    c->seen++;
    if (record_read(document, &c->arena, r) && text_equal(r->writer, c->writer) &&
        text_equal(r->id, audit_id(r->writer, r->n, id)))
        c->count++;
    return true;
}

/* A request is written when it ends, of whose clock nothing else is known; all others later than
 * they say. */
static bool was_written_before(const struct audit_record *r, int64_t moment)
{
    bool of_one = !text_equal(r->kind, "rollup") && !text_equal(r->kind, "gap");
    return of_one && r->at + r->duration_us < moment;
}

struct found_below {
    struct arena arena;
    struct stored_record record;
    bool there, readable;
};

static bool keep_newest(const char *document, void *arg)
{
    struct found_below *n = arg;
    n->there = true;
    n->readable = record_read(document, &n->arena, &n->record);
    return false;
}

/* Nothing is left below, or nothing as late as is wanted. */
static fallible check_below(struct audit_search *s, struct mongo *m, struct chain *c)
{
    scoped_text filter = {0};
    char first[AUDIT_ID];
    struct found_below n = {.there = false};
    audit_filter(audit_id(c->writer, 0, first), text_value(&c->below), "", &filter);
    const struct problem *p = mongo_find(m, audit_collection(c->book), text_value(&filter),
                                         "{\"_id\":-1}", 1, keep_newest, &n);
    c->over = !p && (!n.there || (n.readable && s->terms.from &&
                                  was_written_before(&n.record.record, s->terms.from - SLACK)));
    arena_release(&n.arena);
    return p;
}

/* Of the next SEARCH_STEP records those that fit; every page of a chain is a longer one. */
static fallible read_page(struct audit_search *s, struct mongo *m, struct chain *c)
{
    int64_t below = number_in(text_value(&c->below));
    int64_t floor = below > SEARCH_STEP ? below - SEARCH_STEP : 0;
    char after[AUDIT_ID];
    scoped_text filter = {0};
    audit_filter(audit_id(c->writer, floor, after), text_value(&c->below), text_value(&s->more),
                 &filter);
    arena_release(&c->arena);
    c->count = c->taken = c->seen = 0;
    TRY(mongo_find(m, audit_collection(c->book), text_value(&filter), "{\"_id\":-1}", c->wanted,
                   keep, c));
    s->strays += c->seen - c->count;
    bool full = c->seen == c->wanted;
    c->wanted = c->wanted * 4 < PAGE ? c->wanted * 4 : PAGE;
    if (full) {
        text_clear(&c->below);
        text_append(&c->below, text_value(&c->last));
        return NULL;
    }
    s->left -= below - floor;
    stand_below(c, floor + 1);
    c->over = !floor;
    return c->over || c->count ? NULL : check_below(s, m, c);
}

static fallible fill(struct audit_search *s, struct mongo *m, struct chain *c)
{
    while (c->taken == c->count && !c->over && s->left > 0 && time_monotonic() < s->until)
        TRY(read_page(s, m, c));
    return NULL;
}

/* ---- the merge ---- */

static bool has_head(const struct chain *c)
{
    return c->taken < c->count;
}

/* When the head was written, about: a count at the end of its second, or, without an address, its
 * hour. Never later than the one before it in this order, so that no clock that was set moves a
 * chain as a whole. */
static int64_t key_of(const struct chain *c)
{
    const struct audit_record *r = &c->page[c->taken].record;
    int64_t lasted = !text_equal(r->kind, "rollup") ? r->duration_us : r->address ? SECOND : HOUR;
    int64_t key = r->at + lasted;
    return key < c->key ? key : c->key;
}

fallible audit_search_next(struct audit_search *s, struct mongo *m,
                           const struct stored_record **out)
{
    struct chain *newest = NULL;
    bool unknown = false;
    *out = NULL;
    for (int i = 0; i < s->chain_count; i++) {
        struct chain *c = s->chains[i];
        TRY(fill(s, m, c));
        unknown = unknown || (!has_head(c) && !c->over);
        if (has_head(c) && (!newest || key_of(c) > key_of(newest)))
            newest = c;
    }
    if (unknown || !newest)
        return NULL;
    newest->key = key_of(newest);
    *out = &newest->page[newest->taken++];
    return NULL;
}

bool audit_search_is_over(const struct audit_search *s)
{
    for (int i = 0; i < s->chain_count; i++)
        if (has_head(s->chains[i]) || !s->chains[i]->over)
            return false;
    return true;
}

int64_t audit_search_strays(const struct audit_search *s)
{
    return s->strays;
}

void audit_search_turn(struct audit_search *s)
{
    s->left = SEARCH_RECORDS;
    s->until = time_monotonic() + SEARCH_MS * 1000LL;
}

/* ---- places ---- */

void audit_search_place(const struct audit_search *s, struct text *out)
{
    for (int i = 0; i < s->chain_count; i++) {
        const struct chain *c = s->chains[i];
        int64_t below = has_head(c) ? c->page[c->taken].n + 1 : number_in(text_value(&c->below));
        if (has_head(c) || !c->over)
            text_printf(out, "%s%s:%lld", i ? "~" : "", c->writer, (long long)below);
    }
}

static bool is_writer(const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]) && s[i] != '.' &&
            s[i] != '-')
            return false;
    return length > 0 && length < WRITER_TEXT;
}

/* "<writer>:<number>" */
static bool take_place(struct audit_search *s, const char *at, size_t length)
{
    char writer[WRITER_TEXT], number[INT_TEXT];
    int64_t below;
    size_t name = strcspn(at, ":~");
    if (name + 1 >= length || length - name >= INT_TEXT || !is_writer(at, name) ||
        s->chain_count == SEARCH_CHAINS)
        return false;
    snprintf(writer, sizeof(writer), "%.*s", (int)name, at);
    snprintf(number, sizeof(number), "%.*s", (int)(length - name - 1), at + name + 1);
    if (!text_to_int(number, &below) || below < 1 || below > RECORD_NUMBER_MAX)
        return false;
    for (int b = 0; b < AUDIT_BOOKS; b++)
        if (is_wanted(&s->terms, writer, (enum audit_book)b)) {
            add_chain(s, writer, (enum audit_book)b, below);
            return true;
        }
    return false;
}

static fallible take_places(struct audit_search *s, const char *place)
{
    for (const char *at = place; *at;) {
        size_t length = strcspn(at, "~");
        if (length && !take_place(s, at, length))
            return BAD_CURSOR;
        at += length + (at[length] == '~');
    }
    return NULL;
}

/* ---- life ---- */

fallible audit_search_begin(struct mongo *m, const struct audit_terms *terms, const char *place,
                            struct audit_search **out)
{
    struct audit_search *s = must_alloc(1, sizeof(*s));
    s->terms = *terms;
    write_filter(terms, &s->more);
    audit_search_turn(s);
    const struct problem *p = place ? take_places(s, place) : find_chains(s, m);
    if (p)
        audit_search_free(s);
    else
        *out = s;
    return p;
}

void audit_search_free(struct audit_search *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->chain_count; i++) {
        struct chain *c = s->chains[i];
        arena_release(&c->arena);
        text_release(&c->below);
        text_release(&c->last);
        free(c);
    }
    text_release(&s->more);
    free(s);
}
