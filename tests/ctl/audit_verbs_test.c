/* audit_verbs_test.c -- citywatchctl audit against a MongoDB that holds chains of two books, and a
 * store that knows of them. */
#include <sodium.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/seal.h"
#include "base/time.h"
#include "platform/mongo/mongo.h"
#include "tests/support/harness.h"
#include "tests/support/mongo_servers.h"
#include "tests/support/units.h"

enum { RECORDS = 700, SEAL_EVERY = 200, DONE = 0, FAILED = 1, USAGE = 2, AWAY = 3 };
static const int64_t DAY = 86400LL * 1000000;
#define REQUESTS "command-api.requests-0123456789ab"
#define SECURITY "command-api.security-0123456789ab"

static struct {
    struct mongo *mongo;
    char key_file[64];
    struct seal_key key;
    char last_sealed[CHAIN_HASH_TEXT]; /* hash of the newest record of REQUESTS that is sealed */
    const char *store;                 /* DATABASE_URL */
} world;
static char output[1 << 20]; /* of the last call, both streams */

static void insert(const char *collection, const char *document)
{
    CHECK_OK(mongo_insert(world.mongo, collection, &document, 1));
}

/* The n-th of a chain was recorded n hours after `begin`, and sealed then. */
static void make_chain(const char *collection, const char *writer, int64_t begin, int count)
{
    struct chain_end end;
    chain_begin(&end, writer);
    for (int i = 1; i <= count; i++) {
        scoped_text canonical = {0}, document = {0}, sealed = {0};
        struct seal seal;
        int64_t at = begin + i * (DAY / 24);
        record_write(&(struct audit_record){.at = at,
                                            .kind = "request",
                                            .service = "command-api",
                                            .status = 200,
                                            .position = i},
                     &canonical);
        chain_add(&end, text_value(&canonical), canonical.length);
        record_document(&end, text_value(&canonical), &document);
        insert(collection, text_value(&document));
        if (i % SEAL_EVERY)
            continue;
        seal_sign(&world.key, &end, at, &seal);
        seal_write(&seal, &sealed);
        insert(AUDIT_SEALS, text_value(&sealed));
        text_hex(end.hash, CHAIN_HASH, world.last_sealed);
    }
}

/* 700 requests of the last 40 days, of which 200 and 400 are sealed for more than 20; 3 of
 * security. */
static void make_world(void)
{
    int64_t deleted;
    unsigned char seed[32] = {7};
    world.store = "";
    if (!world.mongo) {
        mongo_library_start();
        atexit(mongo_library_stop);
        CHECK_OK(mongo_new(stand_in_uri(), NULL, AUDIT_DATABASE, &world.mongo));
        snprintf(world.key_file, sizeof(world.key_file), "/tmp/citywatch-audit-key-%d",
                 (int)getpid());
        FILE *f = fopen(world.key_file, "w");
        CHECK(fwrite(seed, 1, sizeof(seed), f) == sizeof(seed));
        fclose(f);
        CHECK(!chmod(world.key_file, 0600));
        CHECK_OK(seal_key_read(world.key_file, &world.key));
    }
    static const char *const collections[] = {"audit_requests", "audit_security", AUDIT_SEALS};
    for (int i = 0; i < 3; i++)
        CHECK_OK(mongo_delete(world.mongo, collections[i], "{}", MONGO_DELETE_MAX, &deleted));
    make_chain("audit_requests", REQUESTS, time_now() - 40 * DAY, RECORDS);
    make_chain("audit_security", SECURITY, time_now() - DAY, 3);
}

static int __attribute__((format(printf, 1, 2))) ctl(const char *format, ...)
{
    char words[512], command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    snprintf(command, sizeof(command),
             "DATABASE_URL='%s' MONGODB_URI='%s' AUDIT_KEY_FILE=%s AUDIT_REQUESTS_DAYS=20 timeout "
             "60 " CITYWATCHCTL " audit %s 2>&1 </dev/null",
             world.store, stand_in_uri(), world.key_file, words);
    FILE *f = popen(command, "re");
    size_t n = fread(output, 1, sizeof(output) - 1, f);
    output[n] = '\0';
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int lines_with(const char *word)
{
    int n = 0;
    for (const char *at = output; (at = strstr(at, word)); at += strlen(word))
        n++;
    return n;
}

#define CHECK_SAYS(word)                            \
    do {                                            \
        if (!strstr(output, word))                  \
            CHECK_TEXT((const char *)output, word); \
    } while (0)

TEST(verify_looks_at_every_record_of_every_chain)
{
    make_world();
    CHECK_INT(ctl("verify"), DONE);
    CHECK_SAYS(REQUESTS ": 700 records (1 to 700), 3 seals, 100 not sealed yet; 0 findings");
    CHECK_SAYS(SECURITY ": 3 records (1 to 3), 0 seals, 3 not sealed yet; 0 findings");
    CHECK_SAYS("2 chains, 0 findings");
    CHECK_INT(ctl("verify --book security --json"), DONE);
    CHECK_INT(lines_with("\"writer\""), 1);
}

TEST(verify_names_what_is_not_as_it_was)
{
    int64_t deleted;
    make_world();
    CHECK_OK(mongo_delete(world.mongo, "audit_requests", "{\"_id\":\"" REQUESTS ":000000000321\"}",
                          1, &deleted));
    CHECK_OK(mongo_delete(world.mongo, AUDIT_SEALS, "{\"_id\":\"" REQUESTS ":000000000600\"}", 1,
                          &deleted));
    CHECK_INT(ctl("verify"), FAILED);
    CHECK_SAYS("lost       " REQUESTS " 321 to 321");
    CHECK_INT(ctl("verify --json"), FAILED);
    CHECK_SAYS("{\"finding\":\"lost\",\"writer\":\"" REQUESTS
               "\",\"from\":321,\"to\":321,\"detail\":null}");
    CHECK_INT(
        ctl("verify --public-key 00000000000000000000000000000000000000000000000000000000000000ff"),
        FAILED);
    CHECK_INT(lines_with("forged"), 2);
}

static void enters(const char *chain, int64_t n, const char *hash)
{
    scoped_arena a = {0};
    struct pg *log = pg_new(world.store, "test", NULL, 5000);
    happens(log, arena_printf(&a, "audit-%s", chain), "audit.sealed", 1,
            arena_printf(&a, "\"chain\":\"%s\",\"number\":%lld,\"record_hash\":\"%s\"", chain,
                         (long long)n, hash));
    pg_free(log);
}

TEST(verify_finds_by_the_log_what_the_seals_of_mongodb_no_longer_tell)
{
    int64_t deleted;
    make_world();
    CHECK_INT(ctl("verify"), DONE);
    CHECK_SAYS("DATABASE_URL is not set: the log is not compared");
    world.store = test_store_database();
    enters(REQUESTS, 600, world.last_sealed);
    CHECK_INT(ctl("verify"), DONE);
    CHECK_SAYS("2 chains, 0 findings");

    /* the tail is cut, with the seal that told of it */
    CHECK_OK(mongo_delete(world.mongo, "audit_requests",
                          "{\"writer\":\"" REQUESTS "\",\"n\":{\"$gt\":400}}", 1000, &deleted));
    CHECK_OK(mongo_delete(world.mongo, AUDIT_SEALS, "{\"_id\":\"" REQUESTS ":000000000600\"}", 1,
                          &deleted));
    CHECK_INT(ctl("verify"), FAILED);
    CHECK_SAYS("cut        " REQUESTS " 401 to 600");

    /* all of it is gone */
    CHECK_OK(mongo_delete(world.mongo, "audit_requests", "{}", 1000, &deleted));
    CHECK_OK(mongo_delete(world.mongo, AUDIT_SEALS, "{}", 1000, &deleted));
    CHECK_INT(ctl("verify"), FAILED);
    CHECK_SAYS("2 chains");
    CHECK_SAYS("cut        " REQUESTS);

    /* a record that the log knows as sealed has no seal */
    make_world();
    world.store = test_store_database();
    enters(SECURITY, 3, world.last_sealed);
    CHECK_INT(ctl("verify --book security"), FAILED);
    CHECK_SAYS("lost       " SECURITY " 3 to 3");
}

/* Old, so that who believed it would delete all. */
static void seal_of_another_key(const char *chain, int64_t n)
{
    scoped_text document = {0};
    struct seal_key other;
    struct seal seal;
    struct chain_end end;
    chain_begin(&end, chain);
    end.n = n;
    CHECK_INT(crypto_sign_keypair(other.public_key, other.secret), 0);
    seal_sign(&other, &end, 1, &seal);
    seal_write(&seal, &document);
    insert(AUDIT_SEALS, text_value(&document));
}

/* Ids may be anything that somebody has put there. */
TEST(verify_counts_ids_that_no_chain_has_and_ends)
{
    char document[400];
    make_world();
    snprintf(document, sizeof(document), "{\"_id\":\"%0300d:1\",\"n\":1}", 0);
    insert("audit_requests", document);
    insert("audit_requests", "{\"_id\":\"none\"}");
    CHECK_INT(ctl("verify --book requests"), FAILED);
    CHECK_SAYS("inserted   2 ids that no chain has");
    CHECK_SAYS("1 chains, 2 findings");
}

TEST(retain_takes_whole_sealed_ranges_and_what_stays_can_be_verified)
{
    make_world();
    seal_of_another_key(REQUESTS, 700);
    CHECK_INT(ctl("retain --dry-run"), DONE);
    CHECK_SAYS("400");
    CHECK_INT(lines_with("command-api"), 1);
    CHECK_INT(stand_in_number("count audit_requests"), RECORDS);
    CHECK_INT(ctl("retain"), FAILED); /* nobody to ask */
    CHECK_INT(stand_in_number("count audit_requests"), RECORDS);
    CHECK_INT(ctl("retain --yes"), DONE);
    CHECK_INT(stand_in_number("count audit_requests"), 300);
    CHECK_INT(stand_in_number("count audit_security"), 3);
    CHECK_INT(stand_in_number("count audit_seals"), 4);
    int64_t deleted;
    CHECK_OK(mongo_delete(world.mongo, AUDIT_SEALS, "{\"n\":700}", 1, &deleted));
    CHECK_INT(ctl("verify"), DONE);
    CHECK_SAYS(REQUESTS ": 300 records (401 to 700), 3 seals, 100 not sealed yet; 0 findings");
    CHECK_INT(ctl("retain --yes"), DONE);
    CHECK_INT(lines_with("command-api"), 0);
}

TEST(tail_shows_the_newest_and_export_everything)
{
    make_world();
    CHECK_INT(ctl("tail --last 5 --json"), DONE);
    CHECK_INT(lines_with("\"_id\""), 5);
    CHECK_INT(ctl("tail --book requests --last 2"), DONE);
    CHECK_SAYS("command-api");
    CHECK_INT(lines_with("request "), 2);
    CHECK_INT(ctl("export"), DONE);
    CHECK_INT(lines_with("\"_id\""), RECORDS + 3 + 3);
    CHECK_INT(lines_with("\"signature\""), 3);
    CHECK_INT(ctl("export --book requests --since %dd", 20), DONE);
    CHECK_INT(lines_with("\"_id\""), RECORDS - 20 * 24);
}

TEST(wrong_words_and_a_server_that_is_away_have_their_codes)
{
    make_world();
    CHECK_INT(ctl("look"), USAGE);
    CHECK_INT(ctl("export --json"), USAGE);
    CHECK_INT(ctl("tail --last 0"), USAGE);
    CHECK_INT(ctl("verify --book other"), USAGE);
    CHECK_INT(ctl("verify --public-key ab"), USAGE);
    stand_in("down");
    CHECK_INT(ctl("verify"), AWAY);
    CHECK_INT(ctl("tail"), AWAY);
    stand_in("up");
    unlink(world.key_file);
    CHECK_INT(ctl("verify"), FAILED);
}
