/* chain_list.h -- the documents of one writer as a list that a test can tamper with. */
#pragma once

#include <sodium.h>

#include "audit/verify.h"
#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

#define HELPER __attribute__((unused)) static

enum { RECORDS = 42, SEAL_EVERY = 10, LIST_MAX = 64, SEALED_AT = 1000 };

/* The documents of one writer, in the order they are read. */
struct list {
    struct arena arena;
    struct {
        int64_t n;
        bool seal;
        const char *document;
    } at[LIST_MAX];
    int count;
    int64_t kept_from;
    int64_t anchor; /* number of a seal, 0: none */
    unsigned char anchor_hash[CHAIN_HASH];
    struct seal_key key; /* the seals are verified by it */
};

HELPER void add(struct list *l, int64_t n, bool seal, const struct text *t)
{
    l->at[l->count].n = n;
    l->at[l->count].seal = seal;
    l->at[l->count++].document = arena_bytes(&l->arena, text_value(t), t->length);
}

HELPER void write_canonical(int64_t id, struct text *out)
{
    record_write(
        &(struct audit_record){.at = 5000 + id, .kind = "request", .route = "/x", .position = id},
        out);
}

/* Appends the record of `id` behind `end`, and its seal where one is due. */
HELPER void append(struct list *l, struct chain_end *end, int64_t id, const struct seal_key *key)
{
    scoped_text canonical = {0}, document = {0}, sealed = {0};
    struct seal seal;
    write_canonical(id, &canonical);
    chain_add(end, text_value(&canonical), canonical.length);
    record_document(end, text_value(&canonical), &document);
    add(l, end->n, false, &document);
    if (end->n % SEAL_EVERY == 0) {
        seal_sign(key, end, SEALED_AT + end->n, &seal);
        seal_write(&seal, &sealed);
        add(l, end->n, true, &sealed);
    }
}

HELPER void make_list(struct list *l)
{
    struct chain_end end;
    *l = (struct list){.count = 0, .kept_from = INT64_MAX};
    key_of_tests(&l->key);
    chain_begin(&end, "w-1");
    for (int64_t n = 1; n <= RECORDS; n++) {
        append(l, &end, n, &l->key);
        if (n == 30)
            memcpy(l->anchor_hash, end.hash, CHAIN_HASH);
    }
}

HELPER int place_of(const struct list *l, int64_t n, bool seal)
{
    for (int i = 0; i < l->count; i++)
        if (l->at[i].n == n && l->at[i].seal == seal)
            return i;
    abort();
}

HELPER void take_out(struct list *l, int64_t n, bool seal)
{
    int i = place_of(l, n, seal);
    l->count--;
    memmove(&l->at[i], &l->at[i + 1], (size_t)(l->count - i) * sizeof(l->at[0]));
}

/* The record's document with another number: what it says and its hash stay. */
HELPER void renumber(struct list *l, int i, int64_t n)
{
    scoped_text t = {0}, canonical = {0};
    struct stored_record r;
    struct chain_end end = {.n = n};
    CHECK(record_read(l->at[i].document, &l->arena, &r));
    snprintf(end.writer, sizeof(end.writer), "%s", r.writer);
    memcpy(end.hash, r.hash, CHAIN_HASH);
    record_write(&r.record, &canonical);
    record_document(&end, text_value(&canonical), &t);
    l->at[i].document = arena_bytes(&l->arena, text_value(&t), t.length);
    l->at[i].n = n;
}

HELPER void replace(struct list *l, int64_t n, bool seal, const char *old, const char *new)
{
    int i = place_of(l, n, seal);
    const char *at = strstr(l->at[i].document, old);
    CHECK(at != NULL);
    l->at[i].document = arena_printf(&l->arena, "%.*s%s%s", (int)(at - l->at[i].document),
                                     l->at[i].document, new, at + strlen(old));
}

HELPER void insert_at(struct list *l, int i, int64_t n, const unsigned char before[CHAIN_HASH])
{
    scoped_text canonical = {0}, t = {0};
    struct chain_end end = {.writer = "w-1", .n = n - 1};
    memcpy(end.hash, before, CHAIN_HASH);
    write_canonical(999, &canonical);
    chain_add(&end, text_value(&canonical), canonical.length);
    record_document(&end, text_value(&canonical), &t);
    memmove(&l->at[i + 1], &l->at[i], (size_t)(l->count - i) * sizeof(l->at[0]));
    l->count++;
    l->at[i].n = n;
    l->at[i].seal = false;
    l->at[i].document = arena_bytes(&l->arena, text_value(&t), t.length);
}

HELPER void hash_of(struct list *l, int64_t n, unsigned char out[CHAIN_HASH])
{
    struct stored_record r;
    CHECK(record_read(l->at[place_of(l, n, false)].document, &l->arena, &r));
    memcpy(out, r.hash, CHAIN_HASH);
}

HELPER void swap(struct list *l, int64_t a, int64_t b)
{
    int i = place_of(l, a, false), k = place_of(l, b, false);
    const char *document = l->at[i].document;
    l->at[i].document = l->at[k].document;
    l->at[k].document = document;
    renumber(l, i, a);
    renumber(l, k, b);
}
