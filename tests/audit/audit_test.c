/* audit_test.c -- what a service tells of requests, and what is on record of it in MongoDB. */
#include <pthread.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/time.h"
#include "tests/audit/audit_fixture.h"
#include "tests/support/harness.h"

static const int64_t AT =
    1790000000123456; /* some moment that begins neither a second nor an hour */
#define HOUR_TEXT   "1789999200000000"
#define SECOND_TEXT "1790000000000000"

static struct fake_mongo mongo;
static pthread_mutex_t mongo_lock = PTHREAD_MUTEX_INITIALIZER;

static fallible insert(void *to, const char *collection, const char *const *documents, int count)
{
    pthread_mutex_lock(&mongo_lock);
    const struct problem *p = fake_insert(to, collection, documents, count);
    pthread_mutex_unlock(&mongo_lock);
    return p;
}

struct city_of_one {
    char folder[FOLDER_PATH], spool[FOLDER_PATH + 8], key[FOLDER_PATH + 8];
    struct settings settings;
};

static void make_settings(struct city_of_one *c)
{
    unsigned char seed[32] = {7};
    folder_make(c->folder);
    snprintf(c->spool, sizeof(c->spool), "%s/spool", c->folder);
    snprintf(c->key, sizeof(c->key), "%s/key", c->folder);
    FILE *f = fopen(c->key, "w");
    CHECK(fwrite(seed, 1, sizeof(seed), f) == sizeof(seed));
    fclose(f);
    CHECK(!chmod(c->key, 0600));
    settings_defaults(&c->settings);
    c->settings.audit_spool = c->spool;
    c->settings.audit_key_file = c->key;
}

static struct auditor *begin(struct city_of_one *c)
{
    const struct audit_target target = {&mongo, insert};
    struct auditor *a = NULL;
    if (!*c->folder)
        make_settings(c);
    CHECK_OK(audit_new_to(&c->settings, "command-api", &target, &a));
    CHECK(audit_start(a));
    return a;
}

static void end(struct auditor *a)
{
    audit_stop(a);
    audit_free(a);
}

static void forget(struct city_of_one *c)
{
    fake_release(&mongo);
    folder_remove(c->folder);
    *c->folder = '\0';
}

static const char *record_of(const char *document)
{
    return strstr(document, "\"at\":");
}

/* The only record in the collection, from `at` on; a sentence if there is none or two. */
static const char *only_record(const char *collection)
{
    const char *found = NULL;
    for (int i = 0; i < mongo.count; i++)
        if (text_equal(mongo.at[i].collection, collection)) {
            if (found)
                return "there are two";
            found = record_of(mongo.at[i].document);
        }
    return found ? found : "there is none";
}

static const struct http_outcome command = {
    .began = AT,
    .duration = 7,
    .method = "POST",
    .route = "/reports",
    .status = 201,
    .bytes = 90,
    .request_id = "q-1",
    .traceparent = "tp",
    .address = "10.1.1.1",
    .notes = {
        .actor = "u-1", .role = "OFFICER", .agency = "AGENCY", .subject = "r-1", .position = 12}};
#define OF_COMMAND                                                                                \
    "\"service\":\"command-api\",\"method\":\"POST\",\"route\":\"/"                               \
    "reports\",\"status\":201,\"bytes\":90,"                                                      \
    "\"duration_us\":7,\"request_id\":\"q-1\",\"traceparent\":\"tp\",\"actor\":\"u-1\",\"role\":" \
    "\"OFFICER\","                                                                                \
    "\"agency\":\"AGENCY\",\"address\":\"10.1.1.1\",\"position\":12,\"subject\":\"r-1\"}"

/* One outcome and what is on record of it. */
static const struct {
    const char *method, *route, *kind, *actor; /* NULL: as in `command`; "": none */
    bool forgotten;
    const char *collection, *record;
} cases[] = {
    {NULL, NULL, NULL, NULL, false, "audit_requests",
     "\"at\":1790000000123456,\"kind\":\"request\"," OF_COMMAND},
    {NULL, NULL, "login", NULL, false, "audit_security",
     "\"at\":1790000000123456,\"kind\":\"login\"," OF_COMMAND},
    {"GET", NULL, "private_read", NULL, false, "audit_security",
     "\"at\":1790000000123456,\"kind\":\"private_read\",\"service\":\"command-api\",\"method\":"
     "\"GET\",\"route\":"
     "\"/"
     "reports\",\"status\":201,\"bytes\":90,\"duration_us\":7,\"request_id\":\"q-1\","
     "\"traceparent\":\"tp\","
     "\"actor\":\"u-1\",\"role\":\"OFFICER\",\"agency\":\"AGENCY\",\"address\":\"10.1.1.1\","
     "\"position\":12,"
     "\"subject\":\"r-1\"}"},
    {"GET", NULL, NULL, "", false, "audit_requests",
     "\"at\":" SECOND_TEXT
     ",\"kind\":\"rollup\",\"service\":\"command-api\",\"method\":\"GET\",\"route\":\"/reports\","
     "\"status\":201,\"address\":\"10.1.1.1\",\"count\":1}"},
    {"POST", "", NULL, "", false, "audit_requests",
     "\"at\":" SECOND_TEXT
     ",\"kind\":\"rollup\",\"service\":\"command-api\",\"method\":\"POST\",\"status\":201,"
     "\"address\":\"10.1.1.1\",\"count\":1}"},
    {"PUT", "/patrols/{id}/location", "rollup", NULL, false, "audit_requests",
     "\"at\":" SECOND_TEXT
     ",\"kind\":\"rollup\",\"service\":\"command-api\",\"method\":\"PUT\",\"route\":"
     "\"/patrols/{id}/"
     "location\",\"status\":201,\"actor\":\"u-1\",\"address\":\"10.1.1.1\",\"count\":1}"},
    {NULL, NULL, NULL, NULL, true, "audit_requests",
     "\"at\":" HOUR_TEXT
     ",\"kind\":\"rollup\",\"service\":\"command-api\",\"method\":\"POST\",\"route\":\"/reports\","
     "\"status\":201,\"count\":1}"},
};

TEST(each_sort_of_outcome_leaves_its_record_in_its_book)
{
    struct city_of_one c = {.folder = ""};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_outcome o = command;
        o.method = cases[i].method ? cases[i].method : o.method;
        o.route = !cases[i].route ? o.route : *cases[i].route ? cases[i].route : NULL;
        o.notes.kind = cases[i].kind;
        o.notes.actor = !cases[i].actor ? o.notes.actor : NULL;
        o.forgotten = cases[i].forgotten; /* and even if http told the rest */
        struct auditor *a = begin(&c);
        audit_outcome(a, 0, &o);
        audit_turn(a, 0);
        end(a);
        CHECK_TEXT(only_record(cases[i].collection), cases[i].record);
        forget(&c);
    }
}

/* Reads a book as it lies on the disk. */
static bool is_spooled(const struct city_of_one *c, const char *word)
{
    char path[2 * FOLDER_PATH], line[4096];
    bool found = false;
    snprintf(path, sizeof(path), "%s/command-api.requests/000000000001.log", c->spool);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        found = found || strstr(line, word);
    if (f)
        fclose(f);
    return found;
}

TEST(a_record_is_in_the_spool_when_its_turn_has_ended)
{
    struct city_of_one c = {.folder = ""};
    struct auditor *a = begin(&c);
    audit_outcome(a, 0, &command);
    audit_turn(a, 0);
    CHECK(is_spooled(&c, "q-1"));
    end(a);
    forget(&c);
}

static struct http_outcome public_read(void)
{
    struct http_outcome o = command;
    o.method = "GET";
    o.notes = (struct http_notes){.kind = NULL};
    return o;
}

/* Waits until it is spooled without another request. */
TEST(a_rollup_is_told_after_its_second_and_one_of_an_anonymous_author_is_not)
{
    struct city_of_one c = {.folder = ""};
    struct auditor *a = begin(&c);
    struct http_outcome read = public_read(), anonymous = command;
    int64_t begin_us = time_monotonic();
    anonymous.forgotten = true;
    anonymous.route = "/anonymous";
    audit_outcome(a, 0, &read);
    audit_outcome(a, 0, &read);
    audit_outcome(a, 0, &anonymous);
    audit_turn(a, 0);
    CHECK(!is_spooled(&c, "\"count\":2"));
    while (!is_spooled(&c, "\"count\":2") && time_monotonic() - begin_us < 5000000)
        usleep(20000);
    CHECK(is_spooled(&c, "\"count\":2"));
    if (time_now() % 3600000000 > 10000000) /* not just when the hour ends */
        CHECK(!is_spooled(&c, "/anonymous"));
    end(a);
    CHECK(is_spooled(&c, "/anonymous"));
    forget(&c);
}

TEST(without_a_folder_no_record_is_kept_and_nothing_fails)
{
    struct settings s;
    struct auditor *a;
    struct http_settings http = {.port = 0};
    settings_defaults(&s);
    CHECK_OK(audit_new(&s, "command-api", &a));
    CHECK(!a);
    audit_record_http(a, &http);
    CHECK(!http.outcome && !http.turn);
    CHECK(audit_start(a));
    audit_stop(a);
    audit_free(a);
}

TEST(without_a_key_or_twice_in_one_folder_it_does_not_start)
{
    struct city_of_one c = {.folder = ""};
    struct auditor *a = begin(&c), *other = NULL;
    const struct audit_target target = {&mongo, insert};
    CHECK_PROBLEM(audit_new_to(&c.settings, "command-api", &target, &other), NOT_STARTED);
    audit_free(other);
    end(a);
    c.settings.audit_key_file = "";
    CHECK_PROBLEM(audit_new_to(&c.settings, "command-api", &target, &other), NOT_STARTED);
    audit_free(other);
    forget(&c);
}

/* ---- several loops, and a MongoDB that comes and goes ---- */

enum { THREADS = 4, EACH = 3000 };

struct telling {
    struct auditor *audit;
    int loop;
};

static void *tell_many(void *arg)
{
    const struct telling *t = arg;
    char id[32];
    for (int i = 0; i < EACH; i++) {
        struct http_outcome o = i % 3 ? public_read() : command;
        snprintf(id, sizeof(id), "%d-%d", t->loop, i);
        o.request_id = id;
        o.forgotten = i % 10 == 1;
        audit_outcome(t->audit, t->loop, &o);
        if (i % 4 == 3)
            audit_turn(t->audit, t->loop);
    }
    audit_turn(t->audit, t->loop);
    return NULL;
}

static void set_away(bool away)
{
    pthread_mutex_lock(&mongo_lock);
    mongo.away = away;
    pthread_mutex_unlock(&mongo_lock);
}

/* How many requests are on record: those of commands one by one, in the order of their loop, the
 * rest by count. */
static int64_t told(void)
{
    scoped_arena a = {0};
    int next[THREADS] = {0};
    int64_t requests = 0, counted = 0;
    for (int i = 0; i < mongo.count; i++) {
        struct stored_record r;
        int loop, n;
        if (!text_equal(mongo.at[i].collection, "audit_requests") ||
            !record_read(mongo.at[i].document, &a, &r))
            continue;
        counted += r.record.count;
        if (!r.record.request_id || sscanf(r.record.request_id, "%d-%d", &loop, &n) != 2)
            continue;
        CHECK(n >= next[loop]);
        next[loop] = n + 1;
        requests++;
    }
    return requests + counted;
}

TEST(several_loops_tell_at_once_while_mongodb_comes_and_goes)
{
    struct city_of_one c = {.folder = ""};
    struct auditor *a = begin(&c);
    struct telling tellings[THREADS];
    pthread_t threads[THREADS];
    set_away(true);
    for (int i = 0; i < THREADS; i++) {
        tellings[i] = (struct telling){a, i};
        CHECK(!pthread_create(&threads[i], NULL, tell_many, &tellings[i]));
    }
    usleep(1200000);
    set_away(false);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    end(a);
    for (int i = 0; i < 60 && told() < THREADS * EACH; i++)
        end(begin(&c)); /* what the one before could not ship any more */
    CHECK_INT(told(), THREADS * EACH);
    forget(&c);
}
