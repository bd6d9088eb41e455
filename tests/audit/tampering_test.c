/* tampering_test.c -- each way to tamper with records is found and named, and what retention does
 * is not. */
#include "tests/audit/chain_list.h"

/* ---- what is done to them ---- */

static void nothing(struct list *l)
{
    l->anchor = 30;
}

static void change_a_word(struct list *l)
{
    replace(l, 15, false, "/x", "/y");
}

static void change_a_hash(struct list *l)
{
    int i = place_of(l, 15, false);
    char *hash = strstr(l->at[i].document, "\"hash\":\"") + 8;
    *hash = *hash == '0' ? '1' : '0';
}

static void add_a_member(struct list *l)
{
    replace(l, 15, false, "\"route\"", "\"other\":1,\"route\"");
}

static void change_the_last(struct list *l)
{
    replace(l, RECORDS, false, "/x", "/y");
}

static void take_one(struct list *l)
{
    take_out(l, 15, false);
}

static void take_some_with_their_seal(struct list *l)
{
    for (int64_t n = 18; n <= 22; n++)
        take_out(l, n, false);
    take_out(l, 20, true);
}

/* Those behind move up, so that no number is missing. */
static void take_one_and_renumber(struct list *l)
{
    take_out(l, 15, false);
    for (int i = 0; i < l->count; i++)
        if (!l->at[i].seal && l->at[i].n > 15)
            renumber(l, i, l->at[i].n - 1);
}

/* With the hash that it would have there, or with any; the others move on. */
static void insert_and_renumber(struct list *l, bool fits)
{
    unsigned char hash[CHAIN_HASH] = {1};
    if (fits)
        hash_of(l, 14, hash);
    for (int i = 0; i < l->count; i++)
        if (!l->at[i].seal && l->at[i].n > 14)
            renumber(l, i, l->at[i].n + 1);
    insert_at(l, place_of(l, 14, false) + 1, 15, hash);
}

static void insert_one_that_fits(struct list *l)
{
    insert_and_renumber(l, true);
}

static void insert_one_that_does_not(struct list *l)
{
    insert_and_renumber(l, false);
}

static void give_a_number_twice(struct list *l)
{
    unsigned char hash[CHAIN_HASH];
    hash_of(l, 14, hash);
    insert_at(l, place_of(l, 15, false), 15, hash);
}

static void swap_neighbours(struct list *l)
{
    swap(l, 15, 16);
}

static void swap_far(struct list *l)
{
    swap(l, 5, 25);
}

static void move_back(struct list *l)
{
    for (int64_t n = 13; n < 17; n++)
        swap(l, n, n + 1); /* 13 goes behind 17 */
}

static void cut(struct list *l)
{
    while (l->at[l->count - 1].n > 27)
        l->count--;
    l->anchor = 30;
}

static void cut_behind_a_seal(struct list *l)
{
    while (l->at[l->count - 1].n > 35 && !l->at[l->count - 1].seal)
        l->count--;
    for (int64_t n = 33; n <= 40; n++)
        take_out(l, n, false);
}

/* Everything from record 15 on, seals too, by a key of the attacker's or by the stolen one. */
static void recompute(struct list *l, bool keep_seals, const struct seal_key *key)
{
    struct list old = *l;
    struct chain_end end = {.writer = "w-1", .n = 14};
    hash_of(l, 14, end.hash);
    l->count = place_of(l, 14, false) + 1;
    for (int64_t n = 15; n <= RECORDS; n++) {
        append(l, &end, n == 15 ? 999 : n, key);
        if (keep_seals && n % SEAL_EVERY == 0)
            l->at[l->count - 1].document = old.at[place_of(&old, n, true)].document;
    }
}

static void recompute_under_the_seals(struct list *l)
{
    recompute(l, true, &l->key);
}

static void recompute_with_the_stolen_key(struct list *l)
{
    recompute(l, false, &l->key);
    l->anchor = 30;
}

static void recompute_with_another_key(struct list *l)
{
    struct seal_key other;
    unsigned char seed[32] = {9};
    crypto_sign_seed_keypair(other.public_key, other.secret, seed);
    recompute(l, false, &other);
}

static void forge_a_seal(struct list *l)
{
    replace(l, 20, true, "\"at\":1020", "\"at\":1021");
}

static void take_a_seal(struct list *l)
{
    take_out(l, 30, true);
    l->anchor = 30;
}

/* ---- retention ---- */

static void retain(struct list *l, int64_t to)
{
    for (int64_t n = 1; n <= to; n++)
        take_out(l, n, false);
}

static void retain_two_ranges(struct list *l)
{
    retain(l, 20);
    l->kept_from = SEALED_AT + 21;
    l->anchor = 30;
}

static void retain_all(struct list *l)
{
    retain(l, 40);
    take_out(l, 41, false);
    take_out(l, 42, false);
}

static void retain_half_a_range(struct list *l)
{
    retain(l, 15);
    l->kept_from = SEALED_AT + 20;
}

static void break_retention_off(struct list *l)
{
    retain(l, 15);
    l->kept_from = SEALED_AT + 21;
}

static void retain_all_but_the_unsealed(struct list *l)
{
    retain(l, 41);
}

static void retain_too_early(struct list *l)
{
    retain(l, 20);
    l->kept_from = SEALED_AT + 15;
}

static void retain_and_change(struct list *l)
{
    retain(l, 20);
    replace(l, 21, false, "/x", "/y");
}

static const struct {
    const char *name;
    void (*tamper)(struct list *l);
    const char *found; /* "changed 15-15 " … */
    int64_t unsealed;
} cases[] = {
    {"nothing", nothing, "", 2},
    {"change a word", change_a_word, "changed 15-15 ", 2},
    {"change a hash", change_a_hash, "changed 15-15 ", 2},
    {"add a member", add_a_member, "changed 15-15 ", 2},
    {"change the last", change_the_last, "changed 42-42 ", 2},
    {"take one", take_one, "lost 15-15 ", 2},
    {"take some with their seal", take_some_with_their_seal, "lost 18-22 ", 2},
    {"take one and renumber", take_one_and_renumber, "lost 15-15 ", 2},
    {"insert one that fits", insert_one_that_fits, "inserted 15-15 ", 2},
    {"insert one that does not", insert_one_that_does_not, "inserted 15-15 ", 2},
    {"give a number twice", give_a_number_twice, "inserted 15-15 ", 2},
    {"swap neighbours", swap_neighbours, "reordered 15-16 ", 2},
    {"swap far", swap_far, "reordered 25-25 ", 2},
    {"move back", move_back, "reordered 17-17 ", 2},
    {"cut", cut, "cut 28-30 ", 7},
    {"cut behind a seal", cut_behind_a_seal, "cut 33-40 ", 2},
    {"recompute under the seals", recompute_under_the_seals,
     "recomputed 11-20 recomputed 11-30 recomputed 11-40 ", 32},
    {"recompute with the stolen key", recompute_with_the_stolen_key, "recomputed 30-30 ", 2},
    {"recompute with another key", recompute_with_another_key,
     "forged 20-20 forged 30-30 forged 40-40 ", 32},
    {"forge a seal", forge_a_seal, "forged 20-20 ", 2},
    {"take a seal", take_a_seal, "lost 30-30 ", 2},
    {"retain two ranges", retain_two_ranges, "", 2},
    {"retain all", retain_all, "", 0},
    {"retain half a range", retain_half_a_range, "lost 11-15 ", 2},
    {"break retention off", break_retention_off, "", 2},
    {"retain more than is sealed", retain_all_but_the_unsealed, "lost 41-41 ", 1},
    {"retain too early", retain_too_early, "lost 11-20 ", 2},
    {"retain and change", retain_and_change, "changed 21-21 ", 2},
};

static void note(void *arg, const struct finding *f)
{
    CHECK_TEXT(f->writer, "w-1");
    text_printf(arg, "%s %lld-%lld ", tampering_word(f->what), (long long)f->n, (long long)f->to);
}

static void verify(const struct list *l, struct text *found, struct verified *out)
{
    struct verifier *v = verifier_new("w-1", l->key.public_key, l->kept_from, note, found);
    if (l->anchor)
        verifier_anchor(v, l->anchor, l->anchor_hash);
    for (int i = 0; i < l->count; i++) {
        if (l->at[i].seal)
            verifier_seal(v, l->at[i].document);
        else
            verifier_record(v, l->at[i].document);
    }
    verifier_end(v, out);
    verifier_free(v);
}

TEST(each_tampering_is_found_and_named)
{
    CHECK(sodium_init() >= 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct list l;
        scoped_text found = {0};
        struct verified v = {.records = 0};
        make_list(&l);
        cases[i].tamper(&l);
        verify(&l, &found, &v);
        if (!text_equal(text_value(&found), cases[i].found) || v.unsealed != cases[i].unsealed) {
            CHECK_TEXT(cases[i].name, "found");
            CHECK_TEXT(text_value(&found), cases[i].found);
            CHECK_INT(v.unsealed, cases[i].unsealed);
        }
        arena_release(&l.arena);
    }
}

/* Whatever is done to one document, something is found. */
TEST(no_change_of_a_byte_goes_unnoticed)
{
    static struct list l;
    static const int64_t numbers[] = {1, 10, 25, 42};
    for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
        make_list(&l);
        char *document = (char *)(uintptr_t)l.at[place_of(&l, numbers[k], false)].document;
        for (char *at = document; *at; at++) {
            scoped_text found = {0};
            struct verified v;
            *at ^= 1;
            if (*at)
                verify(&l, &found, &v);
            if (!found.length)
                CHECK_TEXT(document, "found");
            *at ^= 1;
        }
        arena_release(&l.arena);
    }
}

TEST(a_document_may_come_first_with_any_number)
{
    static struct list l;
    static const char *const numbers[] = {"-1", "-47", "-9223372036854775808", "0",
                                          "9223372036854775807"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        scoped_text found = {0};
        struct verified v;
        make_list(&l);
        l.at[0].document =
            arena_printf(&l.arena, "{\"_id\":\"w-1:\",\"n\":%s,\"hash\":\"%064d\"}", numbers[i], 7);
        verify(&l, &found, &v);
        CHECK(found.length > 0);
        CHECK_INT(v.records, RECORDS);
        arena_release(&l.arena);
    }
}
