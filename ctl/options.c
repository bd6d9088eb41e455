/* options.c -- see options.h. */
#include "ctl/options.h"

#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/pages.h"
#include "base/banned.h"

const struct option *option_find(const struct option *table, const char *name)
{
    for (; table->name; table++)
        if (text_equal(table->name, name))
            return table;
    return NULL;
}

static bool is_given(const struct option *o)
{
    return o->flag ? *o->flag : *o->value != NULL;
}

/* Why the word at hand is wrong; false. */
static bool wrong(const struct option *o, const char *word)
{
    if (o && is_given(o))
        failed("%s is given twice.", word);
    else if (o)
        failed("%s needs a value behind it.", word);
    else if (word[0] == '-')
        failed("there is no option \"%s\" here.", word);
    else
        failed("\"%s\" is a word too many.", word);
    return false;
}

bool options_read(int argc, char **argv, const struct option *table, const char **words, int max)
{
    int count = 0;
    check_options(verb_called(), table);
    for (int i = 0; i < argc; i++) {
        const struct option *o = option_find(table, argv[i]);
        if (o && o->flag && !is_given(o))
            *o->flag = true;
        else if (o && o->value && !is_given(o) && i + 1 < argc)
            *o->value = argv[++i];
        else if (!o && count < max && !(argv[i][0] == '-' && argv[i][1]))
            words[count++] = argv[i];
        else
            return wrong(o, argv[i]);
    }
    return true;
}
