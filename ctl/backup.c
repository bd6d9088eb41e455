/* backup.c -- citywatchctl backup check: would a restore find what it needs? */
#include "ctl/backup.h"

#include "ctl/city.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/program.h"
#include "base/banned.h"

enum {
    WORDS = 12,
    INFO_S = 60,
    TIMEOUT_MS = 30000,
    HOURS = 48, /* so old the newest backup may be, if nothing else is said */
    HOURS_MAX = 100000,
};

static const struct table_column columns[] = {{"part", false}, {"ok", false}, {"what", false}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

void backup_says(struct backup_check *c, const char *part, bool ok, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *what = commands_in(&c->arena, arena_vprintf(&c->arena, format, args));
    va_end(args);
    const char *cells[COLUMNS] = {part, ok ? "yes" : "NO", what};
    table_add(&c->table, cells);
    c->bad = c->bad || !ok;
}

int backrest(struct backup_check *c, const char *const *words, int seconds, bool complaints_too,
             struct text *said)
{
    const char *argv[WORDS] = {"/usr/bin/pgbackrest",
                               arena_join(&c->arena, "--config=", c->conf, ""),
                               "--stanza=citywatch", "--log-level-file=off"};
    int count = 4;
    while (*words && count < WORDS - 1)
        argv[count++] = *words++;
    return program_run(argv, seconds, complaints_too, said);
}

/* DONE, or the exit code after a sentence. */
static int read_info(struct backup_check *c)
{
    static const char *const words[] = {"--log-level-console=off", "--log-level-stderr=warn",
                                        "--output=json", "info", NULL};
    scoped_text said = {0};
    if (backrest(c, words, INFO_S, false, &said))
        return failed("pgbackrest does not tell which backups there are.");
    c->info = arena_text(&c->arena, text_value(&said));
    return DONE;
}

/* In this order: what is archived by the way shows the holes before it. */
static fallible check_parts(struct backup_check *c, bool verify)
{
    TRY(backup_age(c));
    TRY(backup_waiting(c));
    TRY(backup_push(c));
    TRY(backup_holes(c));
    return verify ? backup_files(c) : NULL;
}

static int check(struct backup_check *c, bool verify, bool json)
{
    int code = read_info(c);
    if (code)
        return code;
    const struct problem *p = check_parts(c, verify);
    table_print(&c->table, json);
    if (p)
        return failed_by(p, "backup check");
    return c->bad ? FAILED : DONE;
}

static int check_of_environment(int64_t hours, bool verify, bool json)
{
    struct backup_check c = {.conf = getenv("BACKREST_CONF"), .max_age_hours = hours};
    if (!c.conf || !*c.conf)
        return failed("nothing is archived: the city was started without BACKUP_DIR.");
    c.log = database_of_environment(TIMEOUT_MS);
    if (!c.log)
        return FAILED;
    c.table = table_of(columns, COLUMNS);
    int code = check(&c, verify, json);
    table_free(&c.table);
    arena_release(&c.arena);
    pg_free(c.log);
    return code;
}

int verb_backup(int argc, char **argv)
{
    bool json = false, no_verify = false;
    int64_t hours = HOURS;
    const char *word = NULL, *age = NULL;
    const struct option options[] = {{"--max-age", &age, NULL},
                                     {"--no-verify", NULL, &no_verify},
                                     {"--json", NULL, &json},
                                     {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, &word, 1))
        return usage();
    if (age && (!text_to_int(age, &hours) || hours < 1 || hours > HOURS_MAX))
        return wrong_usage("--max-age %s is no number of hours from 1 to %d.", age, HOURS_MAX);
    if (!text_equal(word, "check"))
        return wrong_word(word, "check");
    return check_of_environment(hours, !no_verify, json);
}
