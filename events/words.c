/* words.c -- the lists behind words.h. */
#include "events/words.h"

#include "base/text.h"

#define WORD_TEXT(name) #name,
const char *const status_words[] = {STATUSES(WORD_TEXT) NULL};
const char *const visibility_words[] = {VISIBILITIES(WORD_TEXT) NULL};
const char *const role_words[] = {ROLES(WORD_TEXT) NULL};
#define KIND_TEXT_OF(name, word) #word,
const char *const category_kind_words[] = {CATEGORY_KINDS(KIND_TEXT_OF) NULL};

const char *const stream_category_words[] = {"report", "report-private", "vote",
                                             "user",   "catalog",        NULL};

int word_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (text_equal(words[i], word))
            return i;
    return -1;
}

enum category_kind kind_from(const char *word)
{
    return text_equal(word, category_kind_words[CRIME]) ? CRIME : ISSUE;
}

enum role role_from(const char *word)
{
    int i = word_index(role_words, word);
    return i < 0 ? ANYONE : (enum role)(1 << i);
}

const char *role_name(enum role role)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (role == (enum role)(1 << i))
            return role_words[i];
    return "";
}
