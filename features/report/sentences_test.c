/* sentences_test.c -- what refusals say, in each language. */
#include "tests/support/sentences.h"

static int texts_in(const char *sentence)
{
    int count = 0;
    for (const char *at = sentence; (at = strchr(at, '%')); count++)
        CHECK(*++at == 's');
    return count;
}

TEST(a_sentence_names_the_same_in_each_language)
{
#define SENTENCE(NAME, english, indonesian)             \
    CHECK_INT(texts_in(indonesian), texts_in(english)); \
    CHECK(!text_equal(indonesian, english));
#include "features/report/sentences.def"
#undef SENTENCE
}

TEST(a_refusal_says_why_in_each_language)
{
    given_nothing();
    given(created("PUBLIC"));
    given(moved("RECEIVED", "IN_PROGRESS"));
    when(&citizen1, COMMAND(EditReport, .content = "two holes"));
    then_refused(NOT_EDITABLE);
    CHECK_TEXT(fault_detail(&decided()->fault, ENGLISH), "It is IN_PROGRESS; comment on it.");
    CHECK_TEXT(fault_detail(&decided()->fault, INDONESIAN),
               "Statusnya IN_PROGRESS; berilah komentar.");
    given_nothing();
    given(created("PUBLIC"));
    given(moved("RECEIVED", "RESOLVED"));
    when(&citizen1, COMMAND(UpdateReportStatus, .status = "REJECTED", .note = "no"));
    then_refused(ILLEGAL_MOVE);
    CHECK_TEXT(fault_detail(&decided()->fault, INDONESIAN),
               "Dari RESOLVED Anda tidak dapat memindahkannya ke REJECTED; yang boleh: "
               "IN_PROGRESS.");
}
