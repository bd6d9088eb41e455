/* sla.c -- citywatchctl sla: what clocks do next, why they show what they show; holidays. */
#include "ctl/sla.h"

#include "base/text.h"
#include "base/time.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "base/banned.h"

enum { NEXT_ROWS = 20, NEXT_ROWS_MAX = 1000 };

static int read_next(const char *limit_text, bool json)
{
    int64_t limit = NEXT_ROWS;
    if (limit_text && (!text_to_int(limit_text, &limit) || limit < 1 || limit > NEXT_ROWS_MAX))
        return wrong_usage("--limit is a number from 1 to %d.", NEXT_ROWS_MAX);
    return sla_next((int)limit, json);
}

static int read_explain(const char *report, bool json)
{
    char id[UUID_TEXT];
    if (!report)
        return wrong_usage("the id of a report is missing.");
    if (!uuid_read(report, id))
        return wrong_usage("\"%s\" is no id of a report.", report);
    return sla_explain(id, json);
}

static int read_import(const char *ical, const char *calendar, const char *years)
{
    if (!ical)
        return wrong_usage("--ical is missing.");
    return import_holidays(ical, calendar, years);
}

int verb_sla(int argc, char **argv)
{
    const char *words[2] = {NULL, NULL}, *ical = NULL, *calendar = NULL, *years = NULL;
    const char *limit = NULL;
    bool json = false;
    const struct option options[] = {{"--ical", &ical, NULL},   {"--calendar", &calendar, NULL},
                                     {"--years", &years, NULL}, {"--limit", &limit, NULL},
                                     {"--json", NULL, &json},   {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, words, 2))
        return usage();
    bool imports = text_equal(words[0], "import-holidays"), next = text_equal(words[0], "next");
    if (!imports && !next && !text_equal(words[0], "explain"))
        return wrong_word(words[0], "import-holidays, next or explain");
    if (words[1] && (imports || next))
        return wrong_usage("\"%s\" is a word too many.", words[1]);
    if ((json && imports) || (limit && !next) || ((ical || calendar || years) && !imports))
        return wrong_usage("an option of another word is given.");
    return imports ? read_import(ical, calendar, years)
           : next  ? read_next(limit, json)
                   : read_explain(words[1], json);
}
