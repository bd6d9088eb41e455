/* verify.c -- the chain of records. A record that does not follow from the one before is set apart:
 * what comes later may show that it was moved, that another was put before it, or nothing, and then
 * it was changed. */
#include "audit/verify_internal.h"

#include <stdlib.h>

#include "base/members.h"
#include "base/banned.h"

const char *tampering_word(enum tampering t)
{
    static const char *const words[] = {"changed", "lost",       "inserted", "reordered",
                                        "cut",     "recomputed", "forged"};
    return words[t];
}

void verifier_tell(struct verifier *v, enum tampering what, int64_t n, int64_t to,
                   const char *detail)
{
    v->figures.findings++;
    v->found(v->arg, &(struct finding){what, v->writer, n, to, detail});
}

/* ---- one record ---- */

struct record_place {
    int64_t n;
    bool has_hash;
    unsigned char hash[CHAIN_HASH];
    struct text text; /* canonical */
};

static bool follows(const struct record_place *p, const unsigned char before[CHAIN_HASH])
{
    unsigned char hash[CHAIN_HASH];
    chain_follow(before, text_value(&p->text), p->text.length, hash);
    return memcmp(hash, p->hash, CHAIN_HASH) == 0;
}

/* Number and hash of what is not the document of a record, as far as it has them. */
static void read_remains(const struct verifier *v, const char *document, struct arena *a,
                         struct record_place *out)
{
    struct members m;
    const struct member *n = NULL, *hash = NULL;
    if (members_read(document, a, &m)) {
        n = members_find(&m, "n");
        hash = members_find(&m, "hash");
    }
    if (!n || !text_to_int(arena_bytes(a, n->json.at, n->json.length), &out->n) || out->n < 1 ||
        out->n > RECORD_NUMBER_MAX)
        out->n = v->figures.last + 1;
    out->has_hash = hash && hash->text.at &&
                    chain_hash_read(arena_bytes(a, hash->text.at, hash->text.length), out->hash);
}

/* False: it is not the document of a record of this writer. */
static bool read_place(const struct verifier *v, const char *document, struct record_place *out)
{
    scoped_arena a = {0};
    struct stored_record r;
    char id[WRITER_TEXT + 32];
    if (!record_read(document, &a, &r)) {
        read_remains(v, document, &a, out);
        return false;
    }
    snprintf(id, sizeof(id), "%s:%012lld", v->writer, (long long)r.n);
    out->n = r.n;
    out->has_hash = true;
    memcpy(out->hash, r.hash, CHAIN_HASH);
    record_write(&r.record, &out->text);
    return text_equal(r.writer, v->writer) && text_equal(r.id, id);
}

/* ---- places that are not understood yet ---- */

static struct broken_place *set_apart(struct verifier *v, const struct record_place *p)
{
    if (v->broken_count == BROKEN_MAX) { /* the oldest has had its time */
        if (!v->broken[0].explained)
            verifier_tell(v, CHANGED, v->broken[0].n, v->broken[0].n,
                          "or the hash of the one before");
        free(v->broken[0].text);
        memmove(v->broken, v->broken + 1, sizeof(v->broken) - sizeof(v->broken[0]));
        v->broken_count--;
        v->doubtful = NULL;
    }
    struct broken_place *b = &v->broken[v->broken_count++];
    *b = (struct broken_place){.n = p->n, .length = p->text.length};
    b->text = must_alloc(1, p->text.length + 1);
    memcpy(b->text, text_value(&p->text), p->text.length);
    memcpy(b->before, v->hash, CHAIN_HASH);
    memcpy(b->hash, p->hash, CHAIN_HASH);
    chain_follow(v->hash, b->text, b->length, b->computed);
    return b;
}

static struct broken_place *broken_at(struct verifier *v, int64_t n)
{
    for (int i = v->broken_count; i-- > 0;)
        if (v->broken[i].n == n)
            return &v->broken[i];
    return NULL;
}

/* Those that follow from this record: only what stood before them was moved. */
static void explain_followers(struct verifier *v, const struct record_place *p)
{
    unsigned char hash[CHAIN_HASH];
    for (int i = 0; i < v->broken_count; i++) {
        struct broken_place *b = &v->broken[i];
        chain_follow(p->hash, b->text, b->length, hash);
        b->explained = b->explained || memcmp(hash, b->hash, CHAIN_HASH) == 0;
    }
}

/* The record belongs where `b` stands, which is told when the next record shows why. */
static bool belongs_to_broken(struct verifier *v, const struct record_place *p)
{
    for (int i = 0; i < v->broken_count; i++) {
        struct broken_place *b = &v->broken[i];
        if (b->explained || !follows(p, b->before))
            continue;
        b->explained = v->last_explained = true;
        explain_followers(v, p);
        if (b->n == p->n - 1)
            v->doubtful = b;
        else
            verifier_tell(v, REORDERED, p->n, p->n, "it belongs to an earlier place");
        return true;
    }
    return false;
}

static bool follows_broken(const struct verifier *v, const struct record_place *p)
{
    for (int i = 0; i < v->broken_count; i++)
        if (follows(p, v->broken[i].hash))
            return true;
    return false;
}

/* `follows_last`: the record behind the doubtful pair follows from the second of the two. */
static void end_doubt(struct verifier *v, bool follows_last)
{
    struct broken_place *b = v->doubtful;
    v->doubtful = NULL;
    if (!b)
        return;
    if (follows_last) {
        verifier_tell(v, INSERTED, b->n, b->n, NULL);
        v->shift++;
    } else
        verifier_tell(v, REORDERED, b->n, b->n + 1, "they have changed places");
}

/* ---- the next record ---- */

/* Why it does not follow from the last one. */
static void explain(struct verifier *v, const struct record_place *p)
{
    struct broken_place *last = broken_at(v, v->figures.last);
    bool explained = v->last_explained;
    v->last_explained = false;
    if (belongs_to_broken(v, p))
        return;
    if (last && !last->explained && follows(p, last->computed)) {
        last->explained = true;
        verifier_tell(v, CHANGED, last->n, last->n, "its hash");
        return;
    }
    if (follows(p, v->before)) {
        if (!explained) {
            verifier_tell(v, INSERTED, v->figures.last, v->figures.last, NULL);
            v->shift++;
        }
        return;
    }
    if (!follows_broken(v, p))
        set_apart(v, p);
}

static void check_place(struct verifier *v, const struct record_place *p)
{
    bool ok = follows(p, v->hash) || (v->has_other && follows(p, v->other));
    end_doubt(v, ok);
    if (ok)
        v->last_explained = false;
    else
        explain(v, p);
}

static void go_behind(struct verifier *v, const struct record_place *p)
{
    memcpy(v->before, v->hash, CHAIN_HASH);
    v->has_other = false;
    v->known = p->has_hash;
    if (p->has_hash)
        memcpy(v->hash, p->hash, CHAIN_HASH);
    v->figures.last = p->n;
    v->figures.unsealed++;
    v->recent[p->n % RECENT].n = p->n;
    memcpy(v->recent[p->n % RECENT].hash, v->hash, CHAIN_HASH);
    verifier_match_seals(v);
}

/* The same number again: the chain may go on behind either. */
static void take_second(struct verifier *v, const struct record_place *p)
{
    struct broken_place *b = broken_at(v, p->n);
    verifier_tell(v, INSERTED, p->n, p->n, "its number is there twice");
    if (p->n != v->figures.last || !follows(p, v->before))
        return;
    if (b)
        b->explained = true;
    v->has_other = true;
    memcpy(v->other, p->hash, CHAIN_HASH);
}

static void leap_to(struct verifier *v, int64_t n)
{
    verifier_tell(v, LOST, v->figures.last + 1, n - 1, NULL);
    const struct seal *seal = verifier_seal_of(v, n - 1);
    v->known = seal != NULL;
    if (seal)
        memcpy(v->hash, seal->end.hash, CHAIN_HASH);
}

void verifier_record(struct verifier *v, const char *document)
{
    struct record_place p = {.n = 0};
    bool ok = read_place(v, document, &p);
    v->figures.records++;
    if (!v->figures.first) {
        v->figures.first = p.n;
        verifier_begin_behind(v, p.n);
    } else if (p.n > v->figures.last + 1)
        leap_to(v, p.n);
    if (p.n <= v->figures.last) {
        take_second(v, &p);
    } else {
        if (!ok)
            verifier_tell(v, CHANGED, p.n, p.n, "it has not the form of a record");
        else if (v->known)
            check_place(v, &p);
        go_behind(v, &p);
    }
    text_release(&p.text);
}
