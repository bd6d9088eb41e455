/* migrate.c -- citywatchctl migrate write|read. */
#include "ctl/ctl.h"

#include "ctl/migrator.h"
#include "base/banned.h"

extern const struct embedded write_migrations[], read_migrations[];

enum { SLOWEST_MS = 600000 };

static void tell(const char *name)
{
    printf("applied %s\n", name);
    fflush(stdout);
}

static int run(struct pg *c, const struct embedded *files)
{
    const char *name = NULL;
    const struct problem *p = migrate(c, files, tell, &name);
    if (p == MIGRATION_CHANGED)
        return failed("%s was applied with another text; an applied file is never edited.", name);
    if (p && name)
        return failed("%s failed and left nothing: %s %s", name, p->title, pg_message(c));
    return p ? failed("%s %s", p->title, pg_message(c)) : DONE;
}

int verb_migrate(int argc, char **argv)
{
    const struct embedded *files = NULL;
    if (argc == 1 && text_equal(argv[0], "write"))
        files = write_migrations;
    if (argc == 1 && text_equal(argv[0], "read"))
        files = read_migrations;
    if (!files)
        return wrong_usage("migrate what? write or read.");
    struct pg *c = database_of_environment(SLOWEST_MS);
    if (!c)
        return FAILED;
    int code = run(c, files);
    pg_free(c);
    return code;
}
