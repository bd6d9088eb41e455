/* key.c -- citywatchctl key generate. */
#include "ctl/ctl.h"

#include "base/text.h"
#include "platform/token.h"
#include "base/banned.h"

int verb_key(int argc, char **argv)
{
    if (argc != 3 || !text_equal(argv[0], "generate"))
        return wrong_usage("key generate <private.pem> <public.pem>");
    if (token_key_generate(argv[1], argv[2]))
        return failed("no key was made; a file that exists is never overwritten.");
    return DONE;
}
