/* declared_reads_test.c -- which streams a command reads besides its own, as its row says. The rows
 * are the test's own, and so is its copy of events/command.c. */
#include "tests/support/harness.h"

#include "events/command.h"

#define PATH "019b7f00-0000-7000-8000-0000000000a1"
#define BODY "019b7f00-0000-7000-8000-0000000000a2"
#define USER "019b7f00-0000-7000-8000-0000000000a3"

/* All of them, with a space behind each. */
static const char *reads_of(struct command c)
{
    static char text[DECLARED_READS_MAX * STREAM_TEXT + 1];
    char reads[DECLARED_READS_MAX][STREAM_TEXT];
    int length = 0, count = command_declared_reads(&c, reads);
    text[0] = '\0';
    for (int i = 0; i < count; i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s ", reads[i]);
    return text;
}

static struct command of(int type)
{
    return (struct command){.type = type, .target = PATH, .actor = {.user_id = USER}};
}

static struct command four(const char *first, const char *second)
{
    struct command c = of(ReadFour);
    c.ReadFour = (struct ReadFour){first, second};
    return c;
}

TEST(a_row_names_none_one_or_several_streams)
{
    CHECK_TEXT(reads_of(of(ReadNothing)), "");
    CHECK_TEXT(reads_of(of(ReadPath)), "two-" PATH " ");
    CHECK_TEXT(reads_of(of(ReadPair)), "two-" PATH "-" USER " ");
    CHECK_TEXT(reads_of(four("roads", BODY)),
               "two-" PATH " three-" USER " four-roads four-" BODY " ");
}

TEST(what_is_absent_or_neither_word_nor_code_is_not_read_and_the_others_are)
{
    struct command nobody = four("roads", BODY), pair_of_nobody = of(ReadPair);
    nobody.actor.user_id = pair_of_nobody.actor.user_id = NULL;
    CHECK_TEXT(reads_of(four("roads", NULL)), "two-" PATH " three-" USER " four-roads ");
    CHECK_TEXT(reads_of(four("AGENCY_2", NULL)), "two-" PATH " three-" USER " four-AGENCY_2 ");
    CHECK_TEXT(reads_of(four("Agency", NULL)), "two-" PATH " three-" USER " ");
    CHECK_TEXT(reads_of(four("no word", BODY)), "two-" PATH " three-" USER " four-" BODY " ");
    CHECK_TEXT(reads_of(nobody), "two-" PATH " four-roads four-" BODY " ");
    CHECK_TEXT(reads_of(pair_of_nobody), "");
}

TEST(a_stream_that_is_named_twice_is_read_once)
{
    CHECK_TEXT(reads_of(four(BODY, BODY)), "two-" PATH " three-" USER " four-" BODY " ");
}
