/* rollup_test.c -- requests that are alike are one record with their count, in a bounded table. */
#include "audit/rollup.h"
#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

static int lines_of(const struct text *t)
{
    int n = 0;
    for (size_t i = 0; i < t->length; i++)
        n += t->at[i] == '\n';
    return n;
}

TEST(alike_is_one_record_with_a_count)
{
    static struct rollup table;
    scoped_text out = {0};
    struct audit_record feed = {
        .at = 1, .kind = "rollup", .route = "/feed", .status = 200, .address = "::1"};
    struct audit_record other = feed;
    other.address = "::2";
    rollup_init(&table);
    for (int i = 0; i < 5; i++)
        rollup_add(&table, &feed, 100 + i, &out);
    rollup_add(&table, &other, 200, &out);
    CHECK(!out.length);
    CHECK(table.texts.length < 300); /* each once */
    CHECK(!rollup_is_due(&table, 99));
    CHECK(rollup_is_due(&table, 100)); /* since the first one came */
    rollup_tell(&table, &out);
    CHECK_TEXT(text_value(&out), "{\"at\":1,\"kind\":\"rollup\",\"route\":\"/"
                                 "feed\",\"status\":200,\"address\":\"::1\",\"count\":5}\n"
                                 "{\"at\":1,\"kind\":\"rollup\",\"route\":\"/"
                                 "feed\",\"status\":200,\"address\":\"::2\",\"count\":1}\n");
    CHECK(!rollup_is_due(&table, 1000));
    text_clear(&out);
    rollup_tell(&table, &out);
    CHECK_INT((long long)out.length, 0);
    rollup_release(&table);
}

TEST(a_full_table_is_told_early_and_counts_all)
{
    static struct rollup table;
    scoped_text out = {0};
    char address[32];
    rollup_init(&table);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < ROLLUP_KINDS + 10; i++) {
            snprintf(address, sizeof(address), "10.0.0.%d", i);
            rollup_add(&table, &(struct audit_record){.at = 1, .address = address}, 5, &out);
        }
    CHECK_INT(lines_of(&out), 2 * ROLLUP_KINDS);
    rollup_tell(&table, &out);
    CHECK_INT(lines_of(&out), 2 * ROLLUP_KINDS + 20);
    rollup_release(&table);
}
