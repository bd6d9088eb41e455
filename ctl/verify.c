/* verify.c -- citywatchctl verify: is everything still what the log says? */
#include "ctl/verify.h"

#include "ctl/ctl.h"
#include "events/words.h"
#include "ctl/options.h"
#include "base/banned.h"

enum { MAX_PARTS = 32 };

static fallible verify(struct city *c, const char *part, struct findings *f)
{
    if (text_equal(part, "store"))
        return verify_store(c, f);
    if (text_equal(part, "redis"))
        return verify_redis(c, f);
    return verify_views(c, text_equal(part, "views") ? NULL : part, f);
}

static bool is_part(const char *name)
{
    static const char *const parts[] = {"store", "redis", "views", NULL};
    return word_index(parts, name) >= 0 || is_view(name);
}

static int run(const char *const *parts, struct findings *f)
{
    scoped_city c = {0};
    int code = city_open(&c, NEEDS_STORE | NEEDS_VIEWS | NEEDS_REDIS);
    for (; !code && *parts; parts++) {
        const struct problem *p = verify(&c, *parts, f);
        if (p == VERSION_CONFLICT)
            return failed("another verify compares the views; nothing was done.");
        if (p)
            code = failed_by(p, *parts);
        fflush(stdout);
    }
    if (code)
        return code;
    fprintf(stderr, f->count ? "%lld differences.\n" : "No difference.\n", (long long)f->count);
    return f->count ? FAILED : DONE;
}

int verb_verify(int argc, char **argv)
{
    static const char *const everything[] = {"store", "redis", "views", NULL};
    struct findings f = {0};
    const char *parts[MAX_PARTS + 1] = {NULL};
    const struct option options[] = {{"--json", NULL, &f.json}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, parts, MAX_PARTS))
        return usage();
    for (int i = 0; parts[i]; i++) /* before anything is compared */
        if (!is_part(parts[i]))
            return wrong_usage("there is no view \"%s\".", parts[i]);
    return run(parts[0] ? parts : everything, &f);
}
