/* writer_fixture.h -- commands through a writer to a real PostgreSQL, without HTTP. */
#pragma once

#include "tests/support/harness.h"
#include "tests/support/servers.h"

#include <sodium.h>

#include "command-api/writer.h"

#define INFRA "AGENCY_INFRA"
#define C1    "019b7f00-0000-7000-8000-0000000000c1"
#define C2    "019b7f00-0000-7000-8000-0000000000c2"
#define F1    "019b7f00-0000-7000-8000-0000000000f1"

static const unsigned char SECRET[32] = "s";
static const struct actor __attribute__((unused)) citizen = {C1, "pseudonym-1", "", CITIZEN};
static const struct actor __attribute__((unused)) other = {C2, "pseudonym-2", "", CITIZEN};
static const struct actor __attribute__((unused)) officer = {F1, "pseudonym-3", INFRA, OFFICER};
static const struct actor __attribute__((unused)) system_actor = {NULL, NULL, "", SYSTEM};

static struct settings settings;
static struct writer *writer;
static struct queue *done;

static inline void settled(struct job *j)
{
    if (queue_put(done, j))
        abort();
}

static inline void begin(void)
{
    if (sodium_init() < 0)
        abort();
    settings = (struct settings){.database_url = test_store_database(),
                                 .database_timeout_ms = 3000,
                                 .queue_max = 4096,
                                 .state_cache_max = 1024};
    done = queue_new(100000);
    writer = writer_new(&settings, NULL, NULL);
}

static inline void end(void)
{
    writer_free(writer);
    queue_free(done);
}

static inline struct pending *command(const struct actor *a, struct command c, const char *key)
{
    struct pending *p = must_alloc(1, sizeof(*p));
    char own[UUID_TEXT];
    scoped_text body = {0};
    shape_write(command_shape(c.type), &c.CreateReport, &body);
    p->command = c;
    p->command.actor = *a;
    p->command.now = time_now();
    p->success = c.type == CreateReport ? 201 : 200;
    p->job.finish = settled;
    p->correlation_id = "request-1";
    key = key ? key : uuid_new(own);
    store_hash(SECRET, (const char *const[]){key, a->user_id ? a->user_id : ""}, 2, p->key);
    store_hash(SECRET, (const char *const[]){key, a->pseudonym ? a->pseudonym : ""}, 2,
               p->key_if_anonymous);
    store_hash(SECRET,
               (const char *const[]){command_name(c.type), c.type == CreateReport ? "" : c.target,
                                     text_value(&body)},
               3, p->digest);
    return p;
}

static inline void put(struct pending *p)
{
    CHECK_OK(writer_put(writer, p));
}

/* The next settled command; it stays valid until `drop`. */
static inline struct pending *get(void)
{
    struct job *j = NULL;
    if (queue_take(done, &j, 1, 20000) != 1)
        abort();
    return (struct pending *)(void *)j;
}

static inline void drop(struct pending *p)
{
    pending_release(p);
    free(p);
}

static inline struct pending *run(const struct actor *a, struct command c, const char *key)
{
    put(command(a, c, key));
    return get();
}

static inline void define_category(void)
{
    static struct texts_pair pair[] = {{"en", "Roads"}};
    static const struct texts names = {1, pair};
    drop(run(&system_actor,
             (struct command){.type = DefineCategory,
                              .target = "roads",
                              .DefineCategory = {&names, INFRA, "issue", false, true}},
             NULL));
}

static inline struct command create(const char *id, const char *visibility)
{
    return (struct command){
        .type = CreateReport,
        .target = id,
        .CreateReport = {.content = "a hole", .category = "roads", .visibility = visibility}};
}

static inline struct command move(const char *id, const char *status)
{
    return (struct command){
        .type = UpdateReportStatus, .target = id, .UpdateReportStatus = {status, "because"}};
}

static inline struct command vote(const char *id)
{
    return (struct command){.type = UpvoteReport, .target = id};
}

static inline int64_t count(const char *sql)
{
    struct pg *pg = pg_new(settings.database_url, "count", NULL, 3000);
    struct pg_statement s = {NULL, sql};
    scoped_rows *rows = NULL;
    int64_t n = pg_call(pg, &s, 0, NULL, &rows) ? -1 : rows_int(rows, 0, 0);
    pg_free(pg);
    return n;
}

static inline void new_id(char out[UUID_TEXT])
{
    uuid_new(out);
}
