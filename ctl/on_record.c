/* on_record.c -- see on_record.h. */
#include "ctl/on_record.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/note.h"
#include "audit/pages.h"
#include "base/time.h"
#include "ctl/city.h"
#include "ctl/ctl.h"
#include "base/banned.h"

enum { USER_MAX = 64 };
static const char PROGRAM[] = "citywatchctl";

static struct {
    const char *verb;
    int argc;
    char **argv;
    int64_t began; /* monotonic; 0: it has changed nothing yet */
    char id[UUID_TEXT];
} called;

/* ---- who, and what ---- */

static uid_t user_id(void)
{
    unsigned id;
    FILE *f = fopen("/proc/self/loginuid", "re");
    bool known = f && fscanf(f, "%u", &id) == 1 && id != (unsigned)-1;
    if (f)
        fclose(f);
    return known ? id : getuid();
}

/* "unix:alice": no user's id looks like it. */
static const char *user(char out[USER_MAX])
{
    char memory[4096];
    struct passwd entry, *found = NULL;
    uid_t id = user_id();
    if (!getpwuid_r(id, &entry, memory, sizeof(memory), &found) && found)
        snprintf(out, USER_MAX, "unix:%s", found->pw_name);
    else
        snprintf(out, USER_MAX, "unix:%u", id);
    return out;
}

/* Passwords are never among them: they are asked for, or read from a file. */
static const char *words(struct text *out)
{
    for (int i = 0; i < called.argc; i++) {
        text_append(out, i ? " " : "");
        text_append(out, called.argv[i]);
    }
    return out->length ? text_value(out) : NULL;
}

static int status_of(int code)
{
    static const int statuses[] = {
        [DONE] = 200, [FAILED] = 500, [USAGE] = 400, [AWAY] = 503, [WARNED] = 200};
    return statuses[code];
}

/* ---- on record ---- */

/* False: no record is kept. */
static bool find_place(struct note_place *out)
{
    *out = (struct note_place){.spool = setting_of("audit_spool"), .program = PROGRAM};
    return text_to_int(setting_of("audit_spool_bytes"), &out->spool_bytes) && *out->spool;
}

static bool tell(const struct note_place *place, int64_t duration, int status)
{
    scoped_text subject = {0};
    char actor[USER_MAX];
    struct audit_record r = {.at = time_now(),
                             .kind = "ctl",
                             .service = PROGRAM,
                             .route = called.verb,
                             .status = status,
                             .duration_us = duration,
                             .request_id = called.id,
                             .actor = user(actor),
                             .subject = words(&subject)};
    return !note_write(place, &r);
}

/* What cannot be shipped now the next call will ship. */
static void ship(const struct note_place *place)
{
    struct seal_key key;
    struct mongo *m = NULL;
    const char *uri = setting_of("mongodb_uri"), *file = setting_of("audit_key_file");
    if (!*uri || !*file || seal_key_read(file, &key))
        return;
    mongo_library_start();
    if (!audit_mongo(uri, setting_of("mongodb_password_file"), &m)) {
        struct audit_target to = audit_mongo_target(m);
        if (note_ship(place, audit_book_of("ctl"), &key, &to))
            failed("its record waits in AUDIT_SPOOL for the next command: MongoDB is away.");
    }
    mongo_free(m);
    seal_key_wipe(&key);
}

void on_record_begin(const char *verb, int argc, char **argv)
{
    called.verb = verb;
    called.argc = argc;
    called.argv = argv;
}

void put_on_record(void)
{
    struct note_place place;
    outlive_reader();
    if (called.began || !find_place(&place))
        return;
    called.began = time_monotonic();
    uuid_new(called.id);
    if (!tell(&place, 0, 0))
        failed("this command is not on record: AUDIT_SPOOL cannot be used.");
}

void on_record_end(int code)
{
    struct note_place place;
    if (!called.began || !find_place(&place))
        return;
    if (tell(&place, time_monotonic() - called.began, status_of(code)))
        ship(&place);
}
