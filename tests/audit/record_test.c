/* record_test.c -- the canonical text of a record, its document, and reading that back. */
#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

static const struct {
    struct audit_record record;
    const char *text;
} canonical[] = {
    {{.at = 0}, "{}"},
    {{.at = 5}, "{\"at\":5}"},
    {{.count = 2, .at = 1, .kind = "gap"}, "{\"at\":1,\"kind\":\"gap\",\"count\":2}"},
    {{.at = 9007199254740993,
      .kind = "request",
      .service = "s",
      .method = "GET",
      .route = "/r/{id}",
      .status = 200,
      .bytes = 10,
      .duration_us = 3,
      .request_id = "q",
      .traceparent = "t",
      .actor = "a",
      .role = "OFFICER",
      .agency = "g",
      .address = "::1",
      .position = 7,
      .problem = "P",
      .subject = "x",
      .count = 1},
     "{\"at\":9007199254740993,\"kind\":\"request\",\"service\":\"s\",\"method\":\"GET\",\"route\":"
     "\"/r/{id}\","
     "\"status\":200,\"bytes\":10,\"duration_us\":3,\"request_id\":\"q\",\"traceparent\":\"t\","
     "\"actor\":\"a\","
     "\"role\":\"OFFICER\",\"agency\":\"g\",\"address\":\"::1\",\"position\":7,\"problem\":\"P\","
     "\"subject\":\"x\","
     "\"count\":1}"},
    {{.at = 1, .subject = "a\"b\\c\nd\x01"},
     "{\"at\":1,\"subject\":\"a\\\"b\\\\c\\u000ad\\u0001\"}"},
    {{.at = 1, .subject = "\xc3\xa9"}, "{\"at\":1,\"subject\":\"\xc3\xa9\"}"},
    {{.at = 1, .subject = "a\xff\xc3)\xed\xa0\x80"}, "{\"at\":1,\"subject\":\"a?\?)?\?\?\"}"},
    {{.at = 1, .subject = ""}, "{\"at\":1,\"subject\":\"\"}"},
};

TEST(canonical_texts_have_the_members_of_the_table_in_its_order)
{
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        scoped_text t = {0};
        record_write(&canonical[i].record, &t);
        CHECK_TEXT(text_value(&t), canonical[i].text);
    }
}

TEST(a_document_gives_the_canonical_text_back)
{
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        scoped_text document = {0}, again = {0};
        scoped_arena a = {0};
        struct chain_end end;
        struct stored_record r = {.n = 0};
        if (text_equal(canonical[i].text, "{}"))
            continue; /* every record has a time */
        chain_begin(&end, "w-1");
        chain_add(&end, canonical[i].text, strlen(canonical[i].text));
        record_document(&end, canonical[i].text, &document);
        CHECK(record_read(text_value(&document), &a, &r));
        CHECK_TEXT(r.id, "w-1:000000000001");
        CHECK_TEXT(r.writer, "w-1");
        CHECK_INT(r.n, 1);
        CHECK(memcmp(r.hash, end.hash, CHAIN_HASH) == 0);
        record_write(&r.record, &again);
        CHECK_TEXT(text_value(&again), canonical[i].text);
    }
}

TEST(a_long_text_is_cut_between_characters)
{
    char subject[1000];
    scoped_text t = {0};
    memset(subject, 'x', 255);
    snprintf(subject + 255, sizeof(subject) - 255, "\xc3\xa9tail");
    record_write(&(struct audit_record){.at = 1, .subject = subject}, &t);
    CHECK_INT((long long)t.length, (long long)strlen("{\"at\":1,\"subject\":\"\"}") + 255);
    CHECK(text_characters(text_value(&t), t.length) > 0);
}

#define HASH "\"hash\":\"00000000000000000000000000000000000000000000000000000000000000ab\""
#define HEAD "\"_id\":\"w:1\",\"writer\":\"w\",\"n\":1," HASH

TEST(what_is_no_record_is_refused)
{
    static const char *const documents[] = {
        "",
        "[]",
        "{}",
        "{\"_id\":\"w:1\",\"writer\":\"w\",\"n\":1}",
        "{" HEAD ",\"at\":\"5\"}",
        "{" HEAD ",\"at\":5.0}",
        "{" HEAD ",\"at\":0}",
        "{" HEAD ",\"kind\":5}",
        "{" HEAD ",\"kind\":null}",
        "{" HEAD ",\"other\":5}",
        "{" HEAD ",\"at\":5,\"at\":5}",
        "{" HEAD ",\"kind\":\"a\",\"kind\":\"a\"}",
        "{" HEAD ",\"n\":1}",
        "{\"_id\":\"w:1\",\"writer\":\"w\",\"n\":0," HASH "}",
        "{\"_id\":\"w:1\",\"writer\":\"w\",\"n\":1,\"hash\":\"ab\"}",
        "{" HEAD ",\"at\":{\"$numberLong\":\"5\"}}"};
    struct stored_record r;
    scoped_arena a = {0};
    CHECK(record_read("{" HEAD ",\"at\":5}", &a, &r));
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        if (record_read(documents[i], &a, &r))
            CHECK_TEXT(documents[i], "refused");
}

/* What one member ends with could be what the next one begins with. */
TEST(records_that_differ_have_keys_that_differ)
{
    static const struct audit_record records[] = {
        {.at = 1},
        {.status = 1},
        {.bytes = 1},
        {.kind = "a"},
        {.service = "a"},
        {.kind = ""},
        {.kind = "a", .service = "b"},
        {.kind = "ab", .service = ""},
        {.kind = "a", .method = "b"},
        {.kind = "", .service = "ab"},
        {0},
    };
    enum { RECORDS = sizeof(records) / sizeof(records[0]) };
    struct text keys[RECORDS] = {0};
    for (size_t i = 0; i < RECORDS; i++)
        record_key(&records[i], &keys[i]);
    for (size_t i = 0; i < RECORDS; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(keys[i].length != keys[k].length ||
                  memcmp(keys[i].at, keys[k].at, keys[i].length) != 0);
    for (size_t i = 0; i < RECORDS; i++)
        text_release(&keys[i]);
}

TEST(each_kind_has_its_book_and_an_unknown_one_the_one_that_is_kept_longest)
{
    CHECK_INT(audit_book_of("request"), BOOK_requests);
    CHECK_INT(audit_book_of("rollup"), BOOK_requests);
    CHECK_INT(audit_book_of("private_read"), BOOK_security);
    CHECK_INT(audit_book_of("what is that"), BOOK_security);
    CHECK_TEXT(audit_book_name(BOOK_security), "security");
    CHECK_TEXT(audit_collection(BOOK_requests), "audit_requests");
}

/* Computed by Python's hashlib.blake2b(digest_size=32): these hashes are kept for years. */
TEST(the_chain_is_blake2b_of_the_hash_before_and_the_text)
{
    struct chain_end end;
    char hex[CHAIN_HASH_TEXT];
    chain_begin(&end, "test.requests-0123456789ab");
    text_hex(end.hash, CHAIN_HASH, hex);
    CHECK_TEXT(hex, "009adc75194a376cd9e0f5dc4b4746e10f0f75ee441f68a0c1d07b5fdfce8f5b");
    chain_add(&end, "{\"at\":1}", 8);
    chain_add(&end, "{\"at\":2}", 8);
    text_hex(end.hash, CHAIN_HASH, hex);
    CHECK_TEXT(hex, "0c104c5c5fb15e4fb0ce56119f4337ac10b3e6ef5757c26db6fe9f19a7585068");
    CHECK_INT(end.n, 2);
}

TEST(a_seal_is_verified_by_its_public_key_alone)
{
    struct seal_key key, other;
    struct chain_end end;
    struct seal made, read = {.at = 0};
    scoped_text t = {0};
    key_of_tests(&key);
    other = key;
    other.public_key[0] ^= 1;
    chain_begin(&end, "w-1");
    chain_add(&end, "{\"at\":1}", 8);
    seal_sign(&key, &end, 1234567, &made);
    seal_write(&made, &t);
    CHECK(text_starts(text_value(&t),
                      "{\"_id\":\"w-1:000000000001\",\"writer\":\"w-1\",\"n\":1,\"hash\":\""));
    CHECK(seal_read(text_value(&t), &read));
    CHECK(seal_is_signed_by(&read, key.public_key));
    CHECK(!seal_is_signed_by(&read, other.public_key));
    for (int change = 0; change < 4; change++) {
        struct seal changed = read;
        changed.end.n += change == 0;
        changed.at += change == 1;
        changed.end.hash[3] ^= change == 2;
        changed.end.writer[0] = change == 3 ? 'v' : 'w';
        CHECK(!seal_is_signed_by(&changed, key.public_key));
    }
}
