/* small_city.h -- a small log with its copy in Redis and its views, for the verbs of citywatchctl:
 * real servers, the relay and the projector's engine, which the test turns itself. */
#pragma once

#include <stdarg.h>
#include <regex.h>
#include <sys/wait.h>

#include "tests/support/event_sample.h"
#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include "base/log.h"
#include "base/time.h"
#include "command-api/relay.h"
#include "platform/postgres/store.h"
#include "view_engine/engine.h"

extern const struct embedded view_files[];

struct small_city {
    const char *log_url, *views_url;
    struct pg *log, *views;
    struct store *store;
    int64_t head;
};

static char output[262144]; /* of the last call, both streams */

/* Every time in it has six decimals and `Z`. */
static inline void check_times(const char *text)
{
    regex_t any, good;
    regmatch_t m;
    regcomp(&any, "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", REG_EXTENDED);
    regcomp(&good, "^.{10}T[0-9:]{8}\\.[0-9]{6}Z", REG_EXTENDED);
    for (; regexec(&any, text, 1, &m, 0) == 0; text += m.rm_eo)
        if (regexec(&good, text + m.rm_so, 0, NULL, 0))
            test_fail(__FILE__, __LINE__, "a time", text + m.rm_so, "six decimals and Z");
    regfree(&any);
    regfree(&good);
}

/* The shell command that runs citywatchctl with these words against the city;
 * `input`: where it reads, "" for ours. */
static inline void ctl_command(const struct small_city *c, const char *words, const char *input,
                               char out[4096])
{
    snprintf(out, 4096,
             "DATABASE_URL='%s' READ_DATABASE_URL='%s' REDIS_HOST=127.0.0.1 REDIS_PORT=%d timeout "
             "--foreground 60 " CITYWATCHCTL " %s 2>&1%s",
             c->log_url, c->views_url, test_redis_port(), words, input);
}

/* Runs it with nobody to ask; returns its exit code. */
static inline int __attribute__((format(printf, 2, 3)))
ctl(const struct small_city *c, const char *format, ...)
{
    char words[2048], command[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    ctl_command(c, words, " </dev/null", command);
    FILE *f = popen(command, "re");
    size_t n = fread(output, 1, sizeof(output) - 1, f);
    output[n] = '\0';
    int status = pclose(f);
    if (!status)
        check_times(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool said(const char *words)
{
    if (strstr(output, words))
        return true;
    fprintf(stderr, "not said: %s\nbut: %s\n", words, output);
    return false;
}

static inline void change(struct pg *db, const char *sql)
{
    CHECK_OK(pg_run(db, sql));
}

static inline int64_t number(struct pg *db, const char *sql)
{
    scoped_rows *rows = NULL;
    CHECK_OK(pg_call(db, &(struct pg_statement){NULL, sql}, 0, NULL, &rows));
    return rows && rows_count(rows) ? rows_int(rows, 0, 0) : -1;
}

/* One event by the store's own function: the sample of its type with these members changed. */
static inline void append(struct small_city *c, const char *stream, int64_t version,
                          const char *category, int type, const char *changes)
{
    char id[UUID_TEXT], key[DIGEST_TEXT];
    scoped_arena a = {0};
    static const unsigned char no_key[32];
    uuid_new(id);
    digest_parts_hex(no_key, (const char *[]){id}, 1, key);
    struct append_stream s = {stream, version, true};
    struct append_event e = {0,
                             category,
                             id,
                             event_name(type),
                             event_version(type),
                             event_sample(&a, type, changes),
                             "{\"correlation_id\":\"c-1\"}"};
    struct append one = {.actor = "system",
                         .key = key,
                         .digest = key,
                         .status = 200,
                         .body = "",
                         .streams = &s,
                         .stream_count = 1,
                         .events = &e,
                         .event_count = 1};
    CHECK_OK(store_append(c->store, &one, 1, &a));
    CHECK_INT(one.outcome, COMMITTED);
    c->head = one.position;
}

static inline const char *report_id(struct arena *a, int n)
{
    return arena_printf(a, "00000000-0000-7000-8000-%012d", n);
}

static inline void file_report(struct small_city *c, int n)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, n);
    append(c, arena_printf(&a, "report-%s", id), 0, "report", ReportCreated,
           arena_printf(&a,
                        "{\"report_id\":\"%s\",\"reporter_user_id\":\"%s\",\"content\":\"n %d\","
                        "\"category\":\"kebersihan\",\"location\":null,\"occurred_at\":null,"
                        "\"created_at\":\"2026-01-02T03:04:05Z\"}",
                        id, id, n));
}

static inline void move_report(struct small_city *c, int n, int64_t version, const char *from,
                               const char *to)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, n);
    append(c, arena_printf(&a, "report-%s", id), version, "report", ReportStatusUpdated,
           arena_printf(&a,
                        "{\"report_id\":\"%s\",\"old_status\":\"%s\",\"new_status\":\"%s\","
                        "\"category\":\"kebersihan\",\"note\":null,"
                        "\"changed_at\":\"2026-01-02T04:04:05Z\"}",
                        id, from, to));
}

static inline void vote_for(struct small_city *c, int report, int voter)
{
    scoped_arena a = {0};
    const char *id = report_id(&a, report), *who = report_id(&a, 900 + voter);
    append(c, arena_printf(&a, "vote-%s-%s", id, who), 0, "vote", ReportUpvoted,
           arena_printf(&a,
                        "{\"report_id\":\"%s\",\"voter_user_id\":\"%s\","
                        "\"created_at\":\"2026-01-02T05:04:05Z\"}",
                        id, who));
}

/* ---- its parts ---- */

/* Publishes what is there, as a relay that has just started. */
static inline void publish_all(struct small_city *c)
{
    struct settings s;
    settings_defaults(&s);
    s.database_url = c->log_url;
    s.redis_port = test_redis_port();
    s.redis_retain_events = 100000;
    struct relay *relay = relay_new(&s, "");
    bool progress = true;
    for (int n = 0; n < 100 && progress; n++)
        CHECK_OK(relay_step(relay, &progress));
    CHECK_INT(relay_position(relay), c->head);
    relay_free(relay);
}

/* Brings the views of one home to the head. */
static inline void project_home(struct small_city *c, const char *home)
{
    struct pg *log = pg_new(c->log_url, "test store", NULL, 5000);
    struct pg *views = pg_new(c->views_url, "test views", NULL, 5000);
    struct store *store = store_new(log);
    struct redis *redis = redis_new("127.0.0.1", test_redis_port(), NULL, 2000);
    struct engine *engine;
    char sql[128];
    int64_t at = -1;
    snprintf(sql, sizeof(sql),
             "SELECT coalesce(max(position), -1) FROM engine.lane WHERE name = '%s'", home);
    CHECK_OK(engine_new(&(struct engine_parts){view_files, &event_language, store, views, redis, 20,
                                               view_folds, home},
                        &engine));
    for (int n = 0; n < 100 && at < c->head; n++) {
        CHECK(engine_step(engine) != ENGINE_STOPPED);
        at = number(c->views, sql);
    }
    CHECK_INT(at, c->head);
    engine_free(engine);
    redis_free(redis);
    store_free(store);
    pg_free(views);
    pg_free(log);
}

/* All of them, as a projector that has just started. */
static inline void project_all(struct small_city *c)
{
    scoped_arena a = {0};
    const char *homes[ENGINE_HOMES_MAX];
    int count;
    CHECK_OK(engine_homes(view_files, &event_language, &a, homes, &count));
    for (int i = 0; i < count; i++)
        project_home(c, homes[i]);
    for (const struct view_fold *f = view_folds; f->name; f++)
        project_home(c, f->home ? f->home : VIEW_HOME);
}

/* An empty one; Redis is emptied. */
static inline struct small_city city_found(void)
{
    struct small_city c = {.log_url = test_store_database(), .views_url = test_views_database()};
    log_start("test", LOG_ERROR);
    c.log = pg_new(c.log_url, "test", NULL, 5000);
    c.views = pg_new(c.views_url, "test", NULL, 5000);
    c.store = store_new(c.log);
    test_shell("redis-cli -p %d flushall >/dev/null", test_redis_port());
    return c;
}

/* Seven reports, of which one has moved twice, and two votes: 11 events, published and shown. */
static inline struct small_city city_of_a_day(void)
{
    struct small_city c = city_found();
    for (int n = 1; n <= 7; n++)
        file_report(&c, n);
    move_report(&c, 3, 1, "RECEIVED", "IN_PROGRESS");
    vote_for(&c, 1, 1);
    vote_for(&c, 1, 2);
    move_report(&c, 3, 2, "IN_PROGRESS", "RESOLVED");
    publish_all(&c);
    project_all(&c);
    return c;
}

#define FIFTH "report-00000000-0000-7000-8000-000000000005"

/* report_list refuses the fifth report, which has moved on since. */
static inline struct small_city poisoned_city(void)
{
    struct small_city c = city_found();
    project_all(&c);
    change(c.views,
           "ALTER TABLE report_list.report_list ADD CONSTRAINT poison CHECK (content <> 'n 5')");
    for (int n = 1; n <= 6; n++)
        file_report(&c, n);
    move_report(&c, 5, 1, "RECEIVED", "IN_PROGRESS");
    publish_all(&c);
    project_all(&c);
    return c;
}

static inline void city_leave(struct small_city *c)
{
    store_free(c->store);
    pg_free(c->log);
    pg_free(c->views);
}
