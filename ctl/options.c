/* options.c -- see options.h. */
#include "ctl/options.h"

#include "base/text.h"
#include "base/banned.h"

static const struct option *find(const struct option *table, const char *name)
{
    for (; table->name; table++)
        if (text_equal(table->name, name))
            return table;
    return NULL;
}

bool options_read(int argc, char **argv, const struct option *table, const char **words, int most)
{
    int count = 0;
    for (int i = 0; i < argc; i++) {
        const struct option *o = find(table, argv[i]);
        if (o && o->flag && !*o->flag)
            *o->flag = true;
        else if (o && o->value && !*o->value && i + 1 < argc)
            *o->value = argv[++i];
        else if (!o && count < most && !text_starts(argv[i], "--"))
            words[count++] = argv[i];
        else
            return false;
    }
    return true;
}
