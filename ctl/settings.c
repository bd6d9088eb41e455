/* settings.c -- citywatchctl settings markdown. */
#include "ctl/ctl.h"

#include "platform/settings.h"
#include "base/banned.h"

int verb_settings(int argc, char **argv)
{
    scoped_text table = {0};
    if (argc != 1 || !text_equal(argv[0], "markdown"))
        return wrong_usage("settings markdown");
    settings_markdown(&table);
    return fputs(text_value(&table), stdout) < 0 ? FAILED : DONE;
}
