/* verify_seals.c -- what the chain is compared with: signed seals, and hashes of seals that are
 * known from elsewhere. */
#include "audit/verify_internal.h"

#include <stdlib.h>

#include "base/banned.h"

struct verifier *verifier_new(const char *writer, const unsigned char public_key[SEAL_PUBLIC],
                              int64_t kept_from, void (*found)(void *arg, const struct finding *f),
                              void *arg)
{
    struct verifier *v = must_alloc(1, sizeof(*v));
    snprintf(v->writer, sizeof(v->writer), "%s", writer);
    v->public_key = public_key;
    v->kept_from = kept_from;
    v->found = found;
    v->arg = arg;
    return v;
}

void verifier_free(struct verifier *v)
{
    if (!v)
        return;
    for (int i = 0; i < v->broken_count; i++)
        free(v->broken[i].text);
    free(v->anchors);
    free(v);
}

/* ---- anchors ---- */

void verifier_anchor(struct verifier *v, int64_t n, const unsigned char hash[CHAIN_HASH])
{
    if (v->anchor_count == v->anchor_size) {
        v->anchor_size = v->anchor_size ? 2 * v->anchor_size : 64;
        struct anchor *more = must_alloc((size_t)v->anchor_size, sizeof(*more));
        if (v->anchor_count)
            memcpy(more, v->anchors, (size_t)v->anchor_count * sizeof(*more));
        free(v->anchors);
        v->anchors = more;
    }
    struct anchor *a = &v->anchors[v->anchor_count++];
    a->n = n;
    memcpy(a->hash, hash, CHAIN_HASH);
}

static void match_anchors(struct verifier *v, const struct seal *s)
{
    for (int i = 0; i < v->anchor_count; i++) {
        struct anchor *a = &v->anchors[i];
        if (a->n != s->end.n)
            continue;
        a->seen = true;
        if (memcmp(a->hash, s->end.hash, CHAIN_HASH) != 0)
            verifier_tell(v, RECOMPUTED, a->n, a->n, "an anchor knows another hash of its seal");
    }
}

/* ---- seals ---- */

/* A record that was taken out without a hole leaves one that does not follow. */
static bool explain_by_loss(struct verifier *v)
{
    for (int i = 0; i < v->broken_count; i++) {
        struct broken_place *b = &v->broken[i];
        if (b->explained)
            continue;
        b->explained = true;
        verifier_tell(v, LOST, b->n, b->n, "the others were numbered anew");
        return true;
    }
    return false;
}

static bool is_last(const struct verifier *v, const unsigned char hash[CHAIN_HASH])
{
    return (v->known && memcmp(v->hash, hash, CHAIN_HASH) == 0) ||
           (v->has_other && memcmp(v->other, hash, CHAIN_HASH) == 0);
}

/* The seal's record has come, or its place is passed. */
static void compare(struct verifier *v, const struct seal *s)
{
    int64_t n = s->end.n + v->shift;
    if (n == v->figures.last && is_last(v, s->end.hash)) {
        v->figures.sealed = s->end.n;
        v->figures.unsealed = 0;
        return;
    }
    for (int i = 0; i < RECENT; i++)
        if (v->recent[i].n && memcmp(v->recent[i].hash, s->end.hash, CHAIN_HASH) == 0) {
            for (int64_t lost = n - v->recent[i].n; lost > 0; lost--)
                if (!explain_by_loss(v))
                    verifier_tell(v, LOST, v->figures.sealed + 1, s->end.n,
                                  "the others were numbered anew");
            v->shift += v->recent[i].n - n;
            v->figures.sealed = s->end.n;
            v->figures.unsealed = v->figures.last - v->recent[i].n;
            return;
        }
    if (n == v->figures.last) /* else its record is lost, which was told */
        verifier_tell(v, RECOMPUTED, v->figures.sealed + 1, s->end.n, "the seal has another hash");
}

void verifier_match_seals(struct verifier *v)
{
    while (v->waiting_count && v->waiting[0].end.n + v->shift <= v->figures.last) {
        struct seal first = v->waiting[0];
        v->waiting_count--;
        memmove(v->waiting, v->waiting + 1, (size_t)v->waiting_count * sizeof(first));
        compare(v, &first);
    }
}

const struct seal *verifier_seal_of(const struct verifier *v, int64_t n)
{
    for (int i = 0; i < v->waiting_count; i++)
        if (v->waiting[i].end.n == n)
            return &v->waiting[i];
    return NULL;
}

static void wait_for_record(struct verifier *v, const struct seal *s)
{
    if (v->waiting_count == WAITING) { /* so many records are not there that it matters no more */
        v->waiting_count--;
        memmove(v->waiting, v->waiting + 1, (size_t)v->waiting_count * sizeof(*s));
    }
    v->waiting[v->waiting_count++] = *s;
}

/* The first records there are do not follow a seal: retention was broken off, if the range they are
 * of is as old. */
static void judge_half_range(struct verifier *v, int64_t sealed_at)
{
    if (v->half_to && sealed_at >= v->kept_from)
        verifier_tell(v, LOST, v->lead_n + 1, v->half_to, "retention did not take them");
    v->half_to = 0;
}

/* Before the first record: retention may have taken what it seals. */
static void take_lead(struct verifier *v, const struct seal *s)
{
    if (s->at >= v->kept_from && !v->must_from)
        v->must_from = v->lead_n + 1;
    v->lead_n = s->end.n;
    memcpy(v->lead_hash, s->end.hash, CHAIN_HASH);
}

void verifier_seal(struct verifier *v, const char *document)
{
    struct seal s;
    v->figures.seals++;
    if (!seal_read(document, &s) || !text_equal(s.end.writer, v->writer)) {
        verifier_tell(v, FORGED, v->figures.last, v->figures.last, "it has not the form of a seal");
        return;
    }
    if (!seal_is_signed_by(&s, v->public_key)) {
        verifier_tell(v, FORGED, s.end.n, s.end.n, "the key has not signed it");
        return;
    }
    match_anchors(v, &s);
    v->sealed_max = s.end.n > v->sealed_max ? s.end.n : v->sealed_max;
    if (!v->figures.first)
        take_lead(v, &s);
    else
        judge_half_range(v, s.at);
    wait_for_record(v, &s);
    verifier_match_seals(v);
}

/* ---- begin and end ---- */

void verifier_begin_behind(struct verifier *v, int64_t n)
{
    struct chain_end begin;
    chain_begin(&begin, v->writer);
    v->figures.last = n - 1;
    v->figures.sealed = v->lead_n;
    v->waiting_count = 0;
    v->known = n == 1 || v->lead_n == n - 1;
    memcpy(v->hash, n == 1 ? begin.hash : v->lead_hash, CHAIN_HASH);
    memcpy(v->before, v->hash, CHAIN_HASH);
    if (!v->known)
        v->half_to = n - 1;
    else if (v->must_from)
        verifier_tell(v, LOST, v->must_from, n - 1, "they are younger than what retention takes");
}

static void tell_broken(struct verifier *v)
{
    if (v->doubtful)
        verifier_tell(v, INSERTED, v->doubtful->n, v->doubtful->n, NULL);
    v->doubtful = NULL;
    for (int i = 0; i < v->broken_count; i++)
        if (!v->broken[i].explained)
            verifier_tell(v, CHANGED, v->broken[i].n, v->broken[i].n,
                          "or the hash of the one before");
}

/* Whether somebody knows a record behind the last one there is. */
static void tell_cut(struct verifier *v)
{
    int64_t last = v->figures.first ? v->figures.last - v->shift : v->lead_n, max = v->sealed_max;
    for (int i = 0; i < v->anchor_count; i++) {
        const struct anchor *a = &v->anchors[i];
        max = a->n > max ? a->n : max;
        if (!a->seen && a->n <= last)
            verifier_tell(v, LOST, a->n, a->n, "its seal, which an anchor knows");
    }
    if (max > last)
        verifier_tell(v, CUT, last + 1, max, NULL);
    if (!v->figures.first && v->must_from)
        verifier_tell(v, LOST, v->must_from, v->lead_n,
                      "they are younger than what retention takes");
}

void verifier_end(struct verifier *v, struct verified *out)
{
    judge_half_range(v, INT64_MAX); /* of a range that is not sealed yet nothing goes */
    tell_broken(v);
    tell_cut(v);
    *out = v->figures;
}
