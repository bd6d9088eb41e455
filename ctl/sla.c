/* sla.c -- citywatchctl sla: what clocks do next, why they show what they show; what-if;
 * holidays. */
#include "ctl/sla.h"

#include "base/text.h"
#include "base/time.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "events/words.h"
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

enum word { IMPORT_HOLIDAYS, NEXT, EXPLAIN, SIMULATE };
static const char *const verb_words[] = {"import-holidays", "next", "explain", "simulate", NULL};

struct given {
    const char *words[2], *ical, *calendar, *source, *years, *limit, *policy, *from, *to;
    bool json;
};

/* Which of the words take what is given. */
static bool fits(const struct given *g, enum word word)
{
    bool simulates = word == SIMULATE, imports = word == IMPORT_HOLIDAYS;
    return !(g->words[1] && word != EXPLAIN) && !((g->ical || g->years || g->source) && !imports) &&
           !(g->calendar && !imports && !simulates) && !(g->limit && word != NEXT) &&
           !((g->policy || g->from || g->to) && !simulates) && !(g->json && imports);
}

static int read_import(const struct given *g)
{
    if (!g->ical)
        return wrong_usage("--ical is missing.");
    return import_holidays(g->ical, g->calendar, g->source, g->years);
}

static int call(const struct given *g, enum word word)
{
    switch (word) {
    case IMPORT_HOLIDAYS: return read_import(g);
    case NEXT: return read_next(g->limit, g->json);
    case EXPLAIN: return read_explain(g->words[1], g->json);
    case SIMULATE: break;
    }
    return read_simulation(g->policy, g->calendar, g->from, g->to, g->json);
}

int verb_sla(int argc, char **argv)
{
    struct given g = {.json = false};
    const struct option options[] = {{"--ical", &g.ical, NULL},   {"--calendar", &g.calendar, NULL},
                                     {"--years", &g.years, NULL}, {"--source", &g.source, NULL},
                                     {"--limit", &g.limit, NULL}, {"--policy", &g.policy, NULL},
                                     {"--from", &g.from, NULL},   {"--to", &g.to, NULL},
                                     {"--json", NULL, &g.json},   {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, g.words, 2))
        return usage();
    int word = word_index(verb_words, g.words[0]);
    if (word < 0)
        return wrong_word(g.words[0], "import-holidays, next, explain or simulate");
    if (!fits(&g, (enum word)word))
        return wrong_usage("an option or a word is given that sla %s does not take.",
                           verb_words[word]);
    return call(&g, (enum word)word);
}
