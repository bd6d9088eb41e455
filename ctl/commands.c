/* commands.c -- what an operator calls here. */
#include "ctl/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/banned.h"

enum { RUN_FOLDER, PACKAGE, CONTAINERS, KINDS };
static const char *const kinds[KINDS] = {"", "package", "containers"};

#define COMMAND(name, run_folder, package, containers) \
    {"{" name "}", {run_folder, package, containers}},
static const struct {
    const char *name, *called[KINDS];
} commands[] = {
#include "ctl/commands.def"
};
#undef COMMAND

static int kind_of_city(void)
{
    const char *as = getenv("INSTALLED_AS");
    for (int i = 0; as && i < KINDS; i++)
        if (text_equal(as, kinds[i]))
            return i;
    return RUN_FOLDER;
}

const char *commands_in(struct arena *a, const char *text)
{
    scoped_text out = {0};
    int kind = kind_of_city();
    while (*text) {
        size_t i = 0, count = sizeof(commands) / sizeof(commands[0]);
        while (i < count && !text_starts(text, commands[i].name))
            i++;
        if (i < count)
            text_append(&out, commands[i].called[kind]);
        else
            text_append_char(&out, *text);
        text += i < count ? strlen(commands[i].name) : 1;
    }
    return arena_text(a, text_value(&out));
}
