/* told.c -- told.def as SQL. */
#include "features/notification/told.h"

#include "base/language.h"
#include "base/text.h"
#include "events/words.h"
#include "base/banned.h"

static const struct told_rule {
    const char *type, *word;
    enum notification_audience audience;
    bool whole;
    enum notification_kind kind;
    const char *texts[2 * LANGUAGES]; /* by language; then the other ones */
} rules[] = {
#define ESCALATED_TEXTS                                                                  \
    "A report of {agency} has reached level {level} of its clock {clock}",               \
        "Laporan {agency} telah mencapai tingkat {level} dari batas waktu {clock}",      \
        "{count} reports of {agency} have reached level {level} of their clock {clock}", \
        "{count} laporan {agency} telah mencapai tingkat {level} dari batas waktu {clock}"
#define TELL(type, word, audience, whole, kind, ...) \
    {type, word, audience, whole, kind, {__VA_ARGS__}},
#include "features/notification/told.def"
#undef TELL
};
enum { RULES = sizeof(rules) / sizeof(rules[0]) };

void append_notification_rules(struct text *sql)
{
    for (int i = 0; i < RULES; i++)
        text_printf(sql, "%s('%s', '%s', '%s', '%s', %s)", i ? ",\n" : "", rules[i].type,
                    rules[i].word, notification_kind_words[rules[i].kind],
                    notification_audience_words[rules[i].audience],
                    rules[i].whole ? "true" : "false");
    text_append_char(sql, '\n');
}

static void append_rule_texts(struct text *sql, const struct told_rule *rule)
{
    for (int i = 0; i < 2 * LANGUAGES; i++)
        text_printf(sql, "%s('%s', '%s', %s, '%s', '%s')", rule == rules && !i ? "" : ",\n",
                    rule->type, rule->word, i < LANGUAGES ? "true" : "false",
                    language_tags[i % LANGUAGES],
                    rule->texts[i] ? rule->texts[i] : rule->texts[i % LANGUAGES]);
}

void append_notification_texts(struct text *sql)
{
    for (int i = 0; i < RULES; i++)
        append_rule_texts(sql, &rules[i]);
    text_append_char(sql, '\n');
}
