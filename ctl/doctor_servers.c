/* doctor_servers.c -- citywatchctl doctor: versions, migrations, clocks. */
#include "ctl/doctor.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "ctl/migrator.h"
#include "base/banned.h"

extern const struct embedded write_migrations[], read_migrations[];

enum { OLDEST_POSTGRES = 1500, OLDEST_REDIS = 700, OUTDATED_MAX = 512 };

/* ---- versions ---- */

/* 150020 becomes 1520. */
static fallible postgres_version(struct pg *c, int *out)
{
    static const struct pg_statement VERSION = {
        NULL, "SELECT current_setting('server_version_num')::int"};
    scoped_rows *rows = NULL;
    TRY(pg_call(c, &VERSION, 0, NULL, &rows));
    int64_t number = rows_int(rows, 0, 0);
    *out = (int)(number / 10000 * 100 + number % 100);
    return NULL;
}

static fallible redis_version(struct redis *r, int *out)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    int major = 0, minor = 0;
    TRY(redis_command(r, &a, &reply, "INFO", "server", NULL));
    const char *at = reply.kind == REPLY_TEXT ? strstr(reply.text, "redis_version:") : NULL;
    if (!at || sscanf(at, "redis_version:%d.%d", &major, &minor) != 2)
        return REDIS_REFUSED;
    *out = major * 100 + minor;
    return NULL;
}

/* Returns the version, 0 if there was no answer. */
static int check_postgres(struct doctor *d, const char *name, struct pg *c)
{
    int version = 0;
    const struct problem *p = c ? postgres_version(c, &version) : NULL;
    if (!c || p)
        doctor_unanswered(d, name, p);
    else
        doctor_version(d, name, version, OLDEST_POSTGRES);
    return version;
}

static int check_redis(struct doctor *d)
{
    int version = 0;
    const struct problem *p = d->city.redis ? redis_version(d->city.redis, &version) : NULL;
    if (!d->city.redis || p)
        doctor_unanswered(d, "Redis", p);
    else
        doctor_version(d, "Redis", version, OLDEST_REDIS);
    return version;
}

/* The parts that run an older version than is installed (tools/conf/name-outdated). */
static void check_outdated(struct doctor *d)
{
    char names[OUTDATED_MAX] = "";
    const char *path = setting_of("outdated_file");
    int fd = *path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return;
    ssize_t n = read(fd, names, sizeof(names) - 1);
    close(fd);
    names[n > 0 ? n : 0] = '\0';
    for (char *rest = names, *name; (name = strsep(&rest, "\n"));)
        if (*name)
            doctor_warning(d, arena_printf(&d->arena, "{restart}%s", name),
                           "%s runs an older version than is installed", name);
}

void doctor_versions(struct doctor *d)
{
    int log = check_postgres(d, "PostgreSQL of the event store", d->city.log);
    int views = check_postgres(d, "PostgreSQL of the views", d->city.views);
    int redis = check_redis(d);
    check_outdated(d);
    if (!d->found)
        doctor_ok(d, "PostgreSQL %d.%d (event store), %d.%d (views), Redis %d.%d", log / 100,
                  log % 100, views / 100, views % 100, redis / 100, redis % 100);
}

/* ---- migrations ---- */

static void check_migrations(struct doctor *d, const char *database, struct pg *c,
                             const struct embedded *files, int *applied)
{
    struct migrations_state state = {0};
    const struct problem *p = c ? migrations_read(c, files, &d->arena, &state) : NULL;
    *applied += state.applied;
    if (!c || p)
        doctor_unanswered(d, database, p);
    else if (state.unknown)
        doctor_fault(d, "run the version that applied it, or a newer one",
                     "%s has %s, which this version does not know", database, state.unknown);
    else if (state.changed)
        doctor_fault(d, "put the file back as it was: an applied file is never edited",
                     "%s has %s with another text", database, state.changed);
    else if (state.missing)
        doctor_fault(d, "{migrate} applies it", "%s lacks %s", database, state.missing);
}

void doctor_migrations(struct doctor *d)
{
    int applied = 0;
    check_migrations(d, "the event store", d->city.log, write_migrations, &applied);
    check_migrations(d, "the database of the views", d->city.views, read_migrations, &applied);
    if (!d->found)
        doctor_ok(d, "all %d are applied, with the texts of this version", applied);
}

/* ---- clocks ---- */

/* Seconds: from these on times of events and of tokens contradict each other; and from these on
 * tokens are refused. */
static const double CLOCK_OFF = 1, CLOCK_WRONG = 30;

static fallible postgres_time(struct pg *c, int64_t *out)
{
    static const struct pg_statement NOW = {
        NULL, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"};
    scoped_rows *rows = NULL;
    TRY(pg_call(c, &NOW, 0, NULL, &rows));
    *out = rows_int(rows, 0, 0);
    return NULL;
}

static fallible redis_time(struct redis *r, int64_t *out)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    int64_t seconds, us;
    TRY(redis_command(r, &a, &reply, "TIME", NULL));
    if (reply.kind != REPLY_ARRAY || reply.count != 2 || !text_to_int(reply.at[0].text, &seconds) ||
        !text_to_int(reply.at[1].text, &us))
        return REDIS_REFUSED;
    *out = seconds * 1000000 + us;
    return NULL;
}

/* How far a server's clock is from ours, in seconds: it was read between `before` and now. */
static double clock_off(int64_t its, int64_t before)
{
    int64_t after = time_now();
    if (its >= before && its <= after)
        return 0;
    return (double)(its < before ? its - before : its - after) / 1e6;
}

static void check_clock(struct doctor *d, const char *server, const struct problem *p, double off)
{
    static const char advice[] = "let one time service (NTP) set all clocks";
    if (p)
        doctor_unanswered(d, server, p);
    else if (fabs(off) >= CLOCK_WRONG)
        doctor_fault(d, advice, "%s is %+.1f s from this machine's clock", server, off);
    else if (fabs(off) >= CLOCK_OFF)
        doctor_warning(d, advice, "%s is %+.1f s from this machine's clock", server, off);
}

void doctor_clock(struct doctor *d)
{
    int64_t its = 0, before = time_now();
    const struct problem *p = d->city.log ? postgres_time(d->city.log, &its) : DATABASE_UNAVAILABLE;
    check_clock(d, "the event store", p, clock_off(its, before));
    before = time_now();
    p = d->city.views ? postgres_time(d->city.views, &its) : DATABASE_UNAVAILABLE;
    check_clock(d, "the database of the views", p, clock_off(its, before));
    before = time_now();
    p = d->city.redis ? redis_time(d->city.redis, &its) : REDIS_UNAVAILABLE;
    check_clock(d, "Redis", p, clock_off(its, before));
    if (!d->found)
        doctor_ok(d, "databases and Redis are within %.0f s of this machine's", CLOCK_OFF);
}
