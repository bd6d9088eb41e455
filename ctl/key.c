/* key.c -- citywatchctl key generate. */
#include "ctl/ctl.h"

#include "base/text.h"
#include "ctl/options.h"
#include "platform/identity/token.h"
#include "base/banned.h"

int verb_key(int argc, char **argv)
{
    const char *words[3] = {NULL};
    const struct option none[] = {{NULL, NULL, NULL}};
    if (!options_read(argc, argv, none, words, 3))
        return usage();
    if (!text_equal(words[0], "generate"))
        return wrong_word(words[0], "generate");
    if (!words[2])
        return wrong_usage("two files are needed: for the private and for the public key.");
    if (token_key_generate(words[1], words[2]))
        return failed("no key was made; a file that exists is never overwritten.");
    return DONE;
}
