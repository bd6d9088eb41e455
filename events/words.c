/* words.c -- the lists behind words.h. */
#include "events/words.h"

#include "base/text.h"

#define WORD_TEXT(name, word)           word,
#define WORD_TEXTS(label, LABEL, WORDS) const char *const label##_words[] = {WORDS(WORD_TEXT) NULL};
WORD_LISTS(WORD_TEXTS)
const char *const role_words[] = {ROLES(WORD_TEXT) NULL};

int word_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (text_equal(words[i], word))
            return i;
    return -1;
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
