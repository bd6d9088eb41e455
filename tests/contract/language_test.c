/* language_test.c -- which language a client wants, and that every problem is said in each. */
#include "tests/support/harness.h"

#include "base/language.h"
#include "base/text.h"
#include "events/problems.h"

TEST(the_language_of_the_greatest_weight_counts_and_of_equal_ones_the_first)
{
    static const struct {
        const char *header;
        enum text_language language;
    } rows[] = {
        {NULL, ENGLISH},
        {"", ENGLISH},
        {"id", INDONESIAN},
        {"ID-id", INDONESIAN},
        {"in-ID, en;q=0.8", INDONESIAN},
        {"en, id", ENGLISH},
        {"id, en", INDONESIAN},
        {"en;q=0.5, id;q=0.8", INDONESIAN},
        {"en;q=0.5,id;q=0.499", ENGLISH},
        {"de, jv;q=0.9, id;q=0.1", INDONESIAN},
        {"id;q=0", ENGLISH},
        {"*;q=0.5, id;q=0.4", ENGLISH},
        {"*;q=0.5, id", INDONESIAN},
        {"idx, i, d", ENGLISH},
        {";q=1, ,,id;Q=0.3", INDONESIAN},
        {"q=1", ENGLISH},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (language_accepted(rows[i].header) != rows[i].language)
            test_fail(__FILE__, __LINE__, rows[i].header,
                      language_tags[language_accepted(rows[i].header)],
                      language_tags[rows[i].language]);
}

/* That a row has both does not say that somebody wrote the second. */
TEST(every_problem_is_a_sentence_of_its_own_in_each_language)
{
    for (int i = 0; problem_at(i); i++)
        for (int l = 0; l < LANGUAGES; l++) {
            const char *title = problem_title(problem_at(i), (enum text_language)l);
            bool sentence = strlen(title) > 10 && title[strlen(title) - 1] == '.';
            bool translated = l == ENGLISH || !text_equal(title, problem_at(i)->title);
            if (!sentence || !translated)
                test_fail(__FILE__, __LINE__, problem_at(i)->name, title, language_tags[l]);
        }
}
