/* priority_sql.c -- priority.def as SQL. */
#include "features/report/priority_sql.h"

#include "base/text.h"
#include "events/words.h"
#include "base/banned.h"

static const struct {
    enum priority from, to;
    int votes;
} raises[] = {
#define RAISED_BY_VOTES(FROM, TO, VOTES) {FROM, TO, VOTES},
#include "features/report/priority.def"
#undef RAISED_BY_VOTES
};

void append_report_priority(struct text *sql)
{
    text_append(sql, "CASE");
    for (size_t i = 0; i < sizeof(raises) / sizeof(raises[0]); i++)
        text_printf(sql,
                    " WHEN NOT priority_set AND priority = '%s' AND coalesce(votes, 0) + "
                    "coalesce(merged_votes, 0) >= %d THEN '%s'",
                    priority_words[raises[i].from], raises[i].votes, priority_words[raises[i].to]);
    text_append(sql, " ELSE priority END");
}

void append_priority_words(struct text *sql)
{
    for (int i = 0; i < PRIORITY_COUNT; i++)
        text_printf(sql, "%s'%s'", i ? ", " : "ARRAY[", priority_words[i]);
    text_append(sql, "]");
}
