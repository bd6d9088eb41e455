/* status_texts.c -- status_texts.def as rows of SQL, for the query that lists the states. */
#include "features/report/status_texts.h"

#include "base/language.h"
#include "base/text.h"
#include "events/words.h"
#include "base/banned.h"

static const char *text_of(enum status status, enum text_language language)
{
    switch (status) {
#define STATUS_TEXT(STATUS, ...) \
    case STATUS:                 \
        return ((const char *const[LANGUAGES]){__VA_ARGS__})[language];
#include "features/report/status_texts.def"
#undef STATUS_TEXT
    case STATUS_COUNT: break;
    }
    return "";
}

void append_status_texts(struct text *sql)
{
    for (int s = 0; s < STATUS_COUNT; s++)
        for (int l = 0; l < LANGUAGES; l++)
            text_printf(sql, "%s(%d, '%s', '%s', '%s')", s || l ? ",\n" : "", s, status_words[s],
                        language_tags[l], text_of((enum status)s, (enum text_language)l));
    text_append_char(sql, '\n');
}
