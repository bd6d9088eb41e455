/* migrate.c -- citywatchctl migrate write|read. */
#include "ctl/ctl.h"

#include "ctl/migrator.h"
#include "ctl/options.h"
#include "base/banned.h"

extern const struct embedded write_migrations[], read_migrations[];

enum { SLOWEST_MS = 600000 };

static void tell(const char *name)
{
    printf("applied %s\n", name);
    fflush(stdout);
}

static void tell_json(const char *name)
{
    printf("{\"applied\":\"%s\"}\n", name);
    fflush(stdout);
}

/* Nothing is known of a database that no migration was ever applied to. */
static bool is_due(struct pg *c, const struct embedded *files)
{
    scoped_arena a = {0};
    struct migrations_state state;
    return migrations_read(c, files, &a, &state) || state.missing;
}

static int run(struct pg *c, const struct embedded *files, bool json)
{
    const char *name = NULL;
    if (is_due(c, files))
        put_on_record();
    const struct problem *p = migrate(c, files, json ? tell_json : tell, &name);
    if (p == STORE_TOO_OLD)
        return failed("This database is of a release whose data is not carried over: keep that "
                      "release for it, or remove all data by make clean-data and begin anew.");
    if (p == MIGRATION_CHANGED)
        return failed("%s was applied with another text; an applied file is never edited.", name);
    if (p && name)
        return failed("%s failed and left nothing: %s %s", name, p->title, pg_message(c));
    return p ? failed("%s %s", p->title, pg_message(c)) : DONE;
}

int verb_migrate(int argc, char **argv)
{
    const char *word = NULL;
    bool json = false;
    const struct option options[] = {{"--json", NULL, &json}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, &word, 1))
        return usage();
    if (!text_equal(word, "write") && !text_equal(word, "read"))
        return wrong_word(word, "write or read");
    const struct embedded *files = *word == 'w' ? write_migrations : read_migrations;
    outlive_reader();
    struct pg *c = database_of_environment(SLOWEST_MS);
    if (!c)
        return FAILED;
    int code = run(c, files, json);
    pg_free(c);
    return code;
}
