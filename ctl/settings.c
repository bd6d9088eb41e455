/* settings.c -- citywatchctl settings markdown. */
#include "ctl/ctl.h"

#include "ctl/options.h"
#include "platform/process/settings.h"
#include "base/banned.h"

int verb_settings(int argc, char **argv)
{
    scoped_text table = {0};
    const char *word = NULL;
    const struct option none[] = {{NULL, NULL, NULL}};
    if (!options_read(argc, argv, none, &word, 1))
        return usage();
    if (!text_equal(word, "markdown"))
        return wrong_word(word, "markdown");
    settings_markdown(&table);
    return fputs(text_value(&table), stdout) < 0 ? FAILED : DONE;
}
