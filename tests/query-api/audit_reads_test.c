/* audit_reads_test.c -- GET /admin/audit: the record of requests by pages and as a stream, from a
 * stand-in that fails on demand, and from a real server where there is one. */
#include "audit/record.h"
#include "audit/pages.h"
#include "base/time.h"
#include "tests/query-api/fixture.h"
#include "tests/support/mongo_servers.h"

#define ACTOR  "01a22549-f32e-7001-9b00-00000000000a"
#define OTHER  "01a22549-f32e-7001-9b00-00000000000b"
#define REPORT "01a22549-f32e-7001-9b00-00000000000c"
#define AT     "2026-01-02T00:00:00Z" /* of record 0 of each chain, of which there is none */
#define NDJSON "Accept: application/x-ndjson\r\n"
#define AUDIT  "/admin/audit"

enum { EACH = 300 };
static const int64_t SECOND = 1000000;
static const char *admin;

__attribute__((constructor)) static void start_library(void)
{
    mongo_library_start();
    atexit(mongo_library_stop);
}

static struct mongo *mongo_at(const char *uri)
{
    struct mongo *m = NULL;
    CHECK_OK(mongo_new(uri, NULL, AUDIT_DATABASE, &m));
    return m;
}

/* What the n-th record of a chain is: one a second, `late` microseconds after those of others. */
static struct audit_record record_at(const char *service, enum audit_book b, int64_t n, int late)
{
    int64_t begin;
    CHECK_OK(time_read(AT, &begin));
    return (struct audit_record){.at = begin + n * SECOND + late,
                                 .kind = b == BOOK_requests ? "request" : "admin",
                                 .service = service,
                                 .method = "GET",
                                 .route = n % 3 ? "/reports/{id}" : "/cases/{id}",
                                 .status = n % 10 ? 200 : 409,
                                 .duration_us = 100,
                                 .actor = n % 5 ? OTHER : ACTOR,
                                 .subject = n % 7 ? NULL : REPORT};
}

static void insert_chain(struct mongo *m, const char *service, enum audit_book b, int64_t from,
                         int64_t to, int late)
{
    char writer[WRITER_TEXT];
    struct chain_end end;
    scoped_arena a = {0};
    const char *documents[EACH];
    int count = 0;
    snprintf(writer, sizeof(writer), "%s.%s-0123456789ab", service, audit_book_name(b));
    chain_begin(&end, writer);
    for (end.n = from - 1; end.n < to;) {
        scoped_text canonical = {0}, document = {0};
        const struct audit_record r = record_at(service, b, end.n + 1, late);
        record_write(&r, &canonical);
        chain_add(&end, text_value(&canonical), canonical.length);
        record_document(&end, text_value(&canonical), &document);
        documents[count++] = arena_text(&a, text_value(&document));
    }
    CHECK_OK(mongo_insert(m, audit_collection(b), documents, count));
}

static void empty(struct mongo *m)
{
    for (int b = 0; b < AUDIT_BOOKS; b++)
        for (int64_t deleted = 1; deleted;)
            CHECK_OK(mongo_delete(m, audit_collection((enum audit_book)b), "{}", MONGO_DELETE_MAX,
                                  &deleted));
}

/* Three chains of EACH records, of every second one of each. */
static void begin_at(const char *uri)
{
    scoped_mongo *m = mongo_at(uri);
    empty(m);
    insert_chain(m, "command-api", BOOK_requests, 1, EACH, 0);
    insert_chain(m, "query-api", BOOK_requests, 1, EACH, 1000);
    insert_chain(m, "query-api", BOOK_security, 1, EACH, 2000);
    query_record(uri);
    query_start(1, 1 << 20);
    admin = bearer("admin", ADMIN, NULL);
}

static void begin(void)
{
    stand_in("well");
    begin_at(stand_in_uri());
}

static void end(void)
{
    query_stop();
    query_record("");
}

/* ---- walks ---- */

struct walk {
    int records, pages;
    char last_at[TIME_TEXT];
};

/* Takes the records of a page; each is older than the one before. */
static void take_page(struct walk *w, const char *body)
{
    for (const char *at = body; (at = strstr(at, "\"at\":\"")); w->records++) {
        char now[TIME_TEXT];
        at += strlen("\"at\":\"");
        snprintf(now, sizeof(now), "%.27s", at);
        if (*w->last_at && strcmp(now, w->last_at) >= 0)
            CHECK_TEXT(now, w->last_at);
        memcpy(w->last_at, now, sizeof(now));
    }
    w->pages++;
}

/* All pages of a list, by `next`. */
static struct walk walk(const char *query)
{
    struct walk w = {0};
    char path[6000], next[5000];
    snprintf(path, sizeof(path), AUDIT "?%s", query);
    for (bool more = true; more && w.pages < 1000;) {
        scoped_response r = get(path, admin, NULL);
        if (r.status != 200)
            test_fail(__FILE__, __LINE__, path, r.body, "200");
        take_page(&w, r.body);
        more = member(&r, "next", next, sizeof(next)) != NULL;
        snprintf(path, sizeof(path), AUDIT "?%s&cursor=%s", query, next);
    }
    return w;
}

static void check_pages(void)
{
    static const struct {
        const char *query;
        int records;
    } rows[] = {
        {"limit=7", 3 * EACH},
        {"limit=200", 3 * EACH},
        {"actor=" ACTOR, 3 * EACH / 5},
        {"actor=" ACTOR "&limit=1", 3 * EACH / 5},
        {"route=/cases/{id}", 3 * EACH / 3},
        {"status=409", 3 * EACH / 10},
        {"status=500", 0},
        {"report=" REPORT, 3 * (EACH / 7)},
        {"kind=admin", EACH},
        {"kind=request&service=query-api", EACH},
        {"service=query-api", 2 * EACH},
        {"service=projector", 0},
        {"from=2026-01-02T00:04:00Z", 3 * 61},
        {"to=2026-01-02T00:01:00Z", 3 * 59},
        {"from=2026-01-02T00:01:00Z&to=2026-01-02T00:02:00Z&actor=" ACTOR, 3 * 12},
        {"from=2027-01-02T00:01:00Z", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct walk w = walk(rows[i].query);
        if (w.records != rows[i].records)
            test_fail(__FILE__, __LINE__, rows[i].query, "", "another number of records");
    }
}

TEST(the_newest_come_first_whoever_wrote_them_each_once)
{
    begin();
    check_pages();
    scoped_response r = get(AUDIT "?limit=1", admin, NULL);
    CHECK(
        has(&r, "{\"data\":[{\"id\":\"query-api.security-0123456789ab:000000000300\",\"hash\":\""));
    CHECK(has(&r, "\"at\":\"2026-01-02T00:05:00.002000Z\",\"kind\":\"admin\",\"service\":"
                  "\"query-api\",\"method\":\"GET\",\"route\":\"/cases/{id}\",\"status\":409"));
    CHECK(has(&r, "\"unreadable\":0,\"success\":true}"));
    char value[80];
    CHECK_TEXT(header(&r, "Cache-Control", value, sizeof(value)), "no-store");
    CHECK_TEXT(header(&r, "Vary", value, sizeof(value)), "Accept, Authorization");
    end();
}

TEST(a_real_server_gives_the_same)
{
    if (!has_real_mongo())
        return;
    begin_at(real_mongo_uri());
    check_pages();
    scoped_response r = get(AUDIT "?actor=" ACTOR, admin, NDJSON);
    CHECK_INT(occurrences(&r, "\"id\":"), 3 * EACH / 5);
    CHECK(has(&r, "{\"end\":true,\"records\":180,\"unreadable\":0}\n"));
    end();
}

TEST(me_is_who_asks)
{
    begin();
    scoped_mongo *m = mongo_at(stand_in_uri());
    char document[400];
    const char *inserted = document;
    snprintf(document, sizeof(document),
             "{\"_id\":\"command-api.security-0123456789ab:000000000001\",\"writer\":\"command-api."
             "security-0123456789ab\",\"n\":1,\"hash\":\"%064d\",\"at\":1767312000000000,\"kind\":"
             "\"account\",\"actor\":\"%s\"}",
             0, user_id("admin"));
    CHECK_OK(mongo_insert(m, "audit_security", &inserted, 1));
    CHECK_INT(walk("actor=me").records, 1);
    end();
}

/* A chain of which only few numbers are there: each find passes so many, each answer so many, and
 * an answer may come back with nothing but where to go on. */
TEST(what_is_far_apart_is_found_by_short_pages)
{
    begin();
    scoped_mongo *m = mongo_at(stand_in_uri());
    empty(m);
    insert_chain(m, "command-api", BOOK_requests, 1, 3, 0);
    insert_chain(m, "command-api", BOOK_requests, 3500000, 3500010, 0);
    insert_chain(m, "query-api", BOOK_requests, 3500001, 3500005, 5);
    insert_chain(m, "projector", BOOK_requests, 1, 1, -500); /* the oldest, and found at once */
    struct walk all = walk("limit=200");
    CHECK_INT(all.records, 3 + 11 + 5 + 1);
    CHECK(all.pages >= 3 && all.pages < 10);
    scoped_response r = get(AUDIT, admin, NDJSON);
    CHECK(has(&r, "{\"end\":true,\"records\":20,\"unreadable\":0}\n"));
    struct walk late = walk("from=2026-01-03T00:00:00Z"); /* and no look at what is older */
    CHECK_INT(late.records, 11 + 5);
    CHECK_INT(late.pages, 1);
    end();
}

TEST(what_is_no_record_is_counted)
{
    begin();
    scoped_mongo *m = mongo_at(stand_in_uri());
    static const char *const strays[] = {
        "{\"_id\":\"command-api.requests-0123456789ab:000000000150x\",\"n\":5}",
        "{\"_id\":\"command-api.requests-0123456789ab:zzz\"}", "{\"_id\":\"nothing\"}"};
    CHECK_OK(mongo_insert(m, "audit_requests", strays, 3));
    scoped_response r = get(AUDIT, admin, NDJSON);
    CHECK(has(&r, "{\"end\":true,\"records\":900,\"unreadable\":3}\n"));
    CHECK_INT(walk("limit=50").records, 3 * EACH);
    end();
}

TEST(a_value_that_is_not_taken_is_named)
{
    static const char *const rows[][2] = {
        {"actor=x", "actor"},
        {"route=cases", "route"},
        {"status=99", "status"},
        {"from=yesterday", "from"},
        {"to=1", "to"},
        {"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"},
        {"report=7", "report"},
        {"kind=nothing", "kind"},
        {"service=redis", "service"},
        {"limit=0", "limit"},
        {"limit=201", "limit"},
        {"cursor=abc", "cursor"},
        {"wish=1", "wish"},
    };
    begin();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[200], field[40];
        snprintf(path, sizeof(path), AUDIT "?%s", rows[i][0]);
        scoped_response r = get(path, admin, NULL);
        CHECK_INT(r.status, 400);
        CHECK_TEXT(member(&r, "field", field, sizeof(field)), rows[i][1]);
    }
    scoped_response lines = get(AUDIT "?limit=5", admin, NDJSON);
    CHECK(refused(&lines, BAD_PARAMETER));
    end();
}

TEST(a_cursor_of_another_list_is_refused)
{
    begin();
    char next[5000], path[6000];
    scoped_response first = get(AUDIT "?limit=1", admin, NULL);
    CHECK(member(&first, "next", next, sizeof(next)));
    snprintf(path, sizeof(path), AUDIT "?cursor=%s&status=409", next);
    scoped_response other = get(path, admin, NULL);
    CHECK(refused(&other, BAD_CURSOR));
    static const char *const places[] = {
        "x", "nobody:5", "command-api.requests-0123456789ab:-1",
        "command-api.requests-0123456789ab:", "command-api.requests-\":5"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(path, sizeof(path), AUDIT "?cursor=%.17s%s", next, places[i]);
        scoped_response forged = get(path, admin, NULL);
        CHECK(refused(&forged, BAD_CURSOR));
    }
    end();
}

TEST(only_an_admin_reads_it)
{
    begin();
    scoped_response nobody = get(AUDIT, NULL, NULL);
    CHECK(refused(&nobody, NO_TOKEN));
    scoped_response officer = get(AUDIT, bearer("officer", OFFICER, "agency-1"), NULL);
    CHECK(refused(&officer, WRONG_ROLE));
    scoped_response citizen = get(AUDIT, bearer("citizen", CITIZEN, NULL), NDJSON);
    CHECK(refused(&citizen, WRONG_ROLE));
    end();
}

TEST(a_stream_has_all_and_says_so)
{
    begin();
    char value[80];
    scoped_response r = get(AUDIT, admin, NDJSON);
    CHECK_INT(r.status, 200);
    CHECK_TEXT(header(&r, "Content-Type", value, sizeof(value)), "application/x-ndjson");
    CHECK_TEXT(header(&r, "Transfer-Encoding", value, sizeof(value)), "chunked");
    struct walk w = {0};
    take_page(&w, r.body);
    CHECK_INT(w.records, 3 * EACH);
    CHECK(has(&r, "{\"end\":true,\"records\":900,\"unreadable\":0}\n"));
    end();
}

TEST(a_stream_that_breaks_has_no_end)
{
    begin();
    stand_in("drop-before 15");
    scoped_response r = get(AUDIT, admin, NDJSON);
    CHECK_INT(r.status, 200);
    CHECK(occurrences(&r, "\"id\":") > 100 && !has(&r, "\"end\":true"));
    CHECK(!strstr(r.body, "\r\n0\r\n\r\n"));
    scoped_response again = get(AUDIT, admin, NDJSON);
    CHECK(has(&again, "\"end\":true"));
    end();
}

TEST(without_a_server_all_else_is_answered)
{
    begin();
    stand_in("down");
    const char *const forms[] = {NULL, NDJSON};
    for (int i = 0; i < 2; i++) {
        scoped_response away = get(AUDIT, admin, forms[i]);
        CHECK(refused(&away, MONGO_UNAVAILABLE));
    }
    stand_in("up");
    stand_in("silent");
    int waiting = send_get(AUDIT, admin, NULL);
    int64_t begun = time_monotonic();
    scoped_response other = get("/schemas", NULL, NULL);
    CHECK_INT(other.status, 200);
    CHECK(time_monotonic() - begun < 2 * SECOND);
    stand_in("down");
    scoped_response late = receive(waiting);
    CHECK(refused(&late, MONGO_UNAVAILABLE));
    stand_in("up");
    end();
}

TEST(where_no_server_is_named_it_says_so)
{
    query_start(1, 1 << 20);
    scoped_response r = get(AUDIT, bearer("admin", ADMIN, NULL), NULL);
    CHECK(refused(&r, MONGO_UNAVAILABLE));
    CHECK(has(&r, "MONGODB_URI names no server."));
    query_stop();
}
