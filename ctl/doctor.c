/* doctor.c -- citywatchctl doctor: runs the rows of doctor_checks.def and prints what they say. */
#include "ctl/doctor.h"

#include "base/time.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "base/banned.h"

enum { SERVERS_US = 20000000 }; /* for all that one database is asked */

#define DOCTOR_CHECK(name, function) {name, function},
static const struct {
    const char *name;
    void (*call)(struct doctor *d);
} checks[] = {
#include "ctl/doctor_checks.def"
};
#undef DOCTOR_CHECK

/* One line for people, who read the advice behind the finding; a member each for programs. */
static const struct table_column columns[] = {{"state", false}, {"check", false}, {"found", false}};
static const struct table_column members[DOCTOR_MEMBERS] = {
    {"state", false}, {"check", false}, {"found", false}, {"advice", false}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

void doctor_unanswered(struct doctor *d, const char *server, const struct problem *p)
{
    doctor_fault(d, "see that it runs ({status}), then its log", "%s: %s", server,
                 p ? p->title : "it could not be opened; the sentence above says why.");
}

bool doctor_has_folder(struct doctor *d, const char *what)
{
    if (*setting_of("run_dir"))
        return true;
    doctor_warning(d, "{look}", "RUN_DIR is not set, so nothing is known of %s", what);
    return false;
}

/* What cannot be opened stays NULL, after a sentence: the other checks go on. */
static void open_all(struct city *c)
{
    static const int needs[] = {NEEDS_STORE, NEEDS_VIEWS, NEEDS_REDIS};
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        city_open(c, needs[i]);
    if (c->log)
        pg_share_deadline(c->log, time_monotonic() + SERVERS_US);
    if (c->views)
        pg_share_deadline(c->views, time_monotonic() + SERVERS_US);
}

int verb_doctor(int argc, char **argv)
{
    bool json = false;
    const struct option options[] = {{"--json", NULL, &json}, {NULL, NULL, NULL}};
    if (!options_read(argc, argv, options, NULL, 0))
        return usage();
    scoped_table t = json ? table_of(members, DOCTOR_MEMBERS) : table_of(columns, COLUMNS);
    struct doctor d = {.table = &t};
    open_all(&d.city);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        d.check = checks[i].name;
        d.found = 0;
        checks[i].call(&d);
    }
    city_close(&d.city);
    arena_release(&d.arena);
    table_print(&t, json);
    if (d.faults)
        return FAILED;
    return d.warnings ? WARNED : DONE;
}
