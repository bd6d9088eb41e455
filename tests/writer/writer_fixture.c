/* writer_fixture.c -- see writer_fixture.h. */
#include "tests/writer/writer_fixture.h"

#include <sodium.h>
#include <stdatomic.h>

#define INFRA "AGENCY_INFRA"
#define C2    "019b7f00-0000-7000-8000-0000000000c2"
#define F1    "019b7f00-0000-7000-8000-0000000000f1"

static const unsigned char SECRET[32] = "s";
const struct actor citizen = {C1, "pseudonym-1", "", CITIZEN};
const struct actor other = {C2, "pseudonym-2", "", CITIZEN};
const struct actor officer = {F1, "pseudonym-3", INFRA, OFFICER};
const struct actor system_actor = {NULL, NULL, "", SYSTEM};

struct settings settings;
struct writer *writer;
static struct queue *done;

_Atomic int64_t worst_lateness;

static void settled(struct pending *p)
{
    int64_t late = time_monotonic() - p->deadline;
    if (late > atomic_load(&worst_lateness)) /* one thread settles */
        atomic_store(&worst_lateness, late);
    if (queue_put(done, &p->job))
        abort();
}

void start_writer(void)
{
    if (sodium_init() < 0)
        abort();
    settings_defaults(&settings);
    settings.database_url = test_store_database();
    settings.database_timeout_ms = 3000;
    settings.state_cache_max = 1024;
    done = queue_new(100000);
    writer = writer_new(&settings, NULL, NULL);
}

void stop_writer(void)
{
    writer_free(writer);
    queue_free(done);
}

struct pending *command(const struct actor *a, struct command c, const char *key)
{
    struct pending *p = must_alloc(1, sizeof(*p));
    char own[UUID_TEXT];
    scoped_text body = {0};
    p->arena = must_alloc(1, sizeof(*p->arena));
    command_complete(&c, p->arena);
    shape_write(command_shape(c.type), &c.CreateReport, &body);
    p->command = c;
    p->command.actor = *a;
    p->command.now = time_now();
    p->success = c.type == CreateReport ? 201 : 200;
    p->settled = settled;
    p->correlation_id = "request-1";
    p->secret = SECRET;
    p->client_key = arena_text(p->arena, key ? key : uuid_new(own));
    command_key(SECRET, p->client_key, a->user_id ? a->user_id : "", p->key);
    digest_parts_hex(SECRET,
                     (const char *const[]){command_name(c.type),
                                           c.type == CreateReport ? "" : c.target,
                                           text_value(&body)},
                     3, p->digest);
    return p;
}

void put(struct pending *p)
{
    CHECK_OK(writer_put(writer, p));
}

/* The next settled command; it stays valid until `drop`. */
struct pending *get(void)
{
    struct job *j = NULL;
    if (queue_take(done, &j, 1, 20000) != 1)
        abort();
    return (struct pending *)(void *)j;
}

void drop(struct pending *p)
{
    pending_release(p);
    arena_release(p->arena);
    free(p->arena);
    free(p);
}

struct pending *run(const struct actor *a, struct command c, const char *key)
{
    put(command(a, c, key));
    return get();
}

void define_category(void)
{
    static struct texts_pair pair[] = {{"en", "Roads"}};
    static const struct texts names = {1, pair};
    drop(run(&system_actor,
             (struct command){.type = DefineCategory,
                              .target = "roads",
                              .DefineCategory = {&names, INFRA, "issue", false, true}},
             NULL));
}

struct command create(const char *id, const char *visibility)
{
    return (struct command){
        .type = CreateReport,
        .target = id,
        .CreateReport = {.content = "a hole", .category = "roads", .visibility = visibility}};
}

struct command move(const char *id, const char *status)
{
    return (struct command){
        .type = UpdateReportStatus, .target = id, .UpdateReportStatus = {status, "because"}};
}

struct command vote(const char *id)
{
    return (struct command){.type = UpvoteReport, .target = id};
}

int64_t count(const char *sql)
{
    struct pg *pg = pg_new(settings.database_url, "count", NULL, 3000);
    struct pg_statement s = {NULL, sql};
    scoped_rows *rows = NULL;
    int64_t n = pg_call(pg, &s, 0, NULL, &rows) ? -1 : rows_int(rows, 0, 0);
    pg_free(pg);
    return n;
}

void new_id(char out[UUID_TEXT])
{
    uuid_new(out);
}
