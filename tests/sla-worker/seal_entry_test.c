/* seal_entry_test.c -- which seals of the audit come into the log, with the writer of a worker on a
 * real store and the stand-in of a MongoDB server. */
#include "tests/sla-worker/worker.h"
#include "tests/platform/mongo_fixture.h"
#include "tests/support/units.h"

#include <sodium.h>
#include <sys/stat.h>

#include "audit/seal.h"
#include "sla-worker/seal_entry.h"

static struct seal_key key, other_key;

struct entered {
    struct arena arena;
    struct worker w;
    struct mongo *mongo;
    struct seal_entry *seals;
};

static void begin(struct entered *e)
{
    worker_open(&e->w);
    e->w.settings.mongodb_uri = stand_in_uri();
    e->w.settings.audit_enter_seconds = 1;
    CHECK_OK(mongo_new(stand_in_uri(), NULL, AUDIT_DATABASE, &e->mongo));
    unsigned char seed[32] = {7};
    const char *path = arena_printf(&e->arena, "%s/seal.key", test_folder());
    FILE *f = fopen(path, "w");
    CHECK(f && fwrite(seed, 1, sizeof(seed), f) == sizeof(seed) && !fclose(f));
    CHECK(!chmod(path, 0600));
    CHECK_OK(seal_key_read(path, &key));
    CHECK_INT(crypto_sign_keypair(other_key.public_key, other_key.secret), 0);
    e->w.settings.audit_key_file = path;
    int64_t gone;
    CHECK_OK(mongo_delete(e->mongo, AUDIT_SEALS, "{}", 1000, &gone));
}

static void look(struct entered *e)
{
    e->w.writer = writer_new(&e->w.settings, NULL, NULL);
    CHECK_OK(seal_entry_new(&e->w.settings, e->w.writer, &e->seals));
    CHECK(e->seals != NULL);
}

static void end(struct entered *e)
{
    seal_entry_stop(e->seals);
    writer_free(e->w.writer);
    seal_entry_free(e->seals);
    mongo_free(e->mongo);
    pg_free(e->w.log);
    pg_free(e->w.views);
    arena_release(&e->arena);
}

static void seal_is_made(struct entered *e, const char *writer, int64_t n, int hash,
                         const struct seal_key *by)
{
    scoped_text document = {0};
    struct seal seal;
    struct chain_end at;
    chain_begin(&at, writer);
    at.n = n;
    memset(at.hash, hash, sizeof(at.hash));
    seal_sign(by, &at, time_now(), &seal);
    seal_write(&seal, &document);
    CHECK_OK(mongo_insert(e->mongo, AUDIT_SEALS, (const char *const[]){text_value(&document)}, 1));
}

#define ENTERED                                                                            \
    "SELECT string_agg(format('%s %s %s', right(stream, 1), data->>'number', left(data->>" \
    "'record_hash', 2)), ', ' ORDER BY stream, version) FROM es_event WHERE type = 'audit.sealed'"

TEST(the_newest_seal_of_each_chain_is_entered_and_later_ones_follow)
{
    struct entered e = {.mongo = NULL};
    begin(&e);
    seal_is_made(&e, "s.requests-0a", 1000, 1, &key);
    seal_is_made(&e, "s.security-0b", 7, 2, &key);
    seal_is_made(&e, "s.requests-0a", 2000, 3, &key);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 2000 03, b 7 02'"));
    seal_is_made(&e, "s.security-0b", 8, 4, &key);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 2000 03, b 7 02, b 8 04'"));
    char public_key[2 * SEAL_PUBLIC + 1];
    text_hex(key.public_key, SEAL_PUBLIC, public_key);
    CHECK_TEXT(value(e.w.log, "SELECT DISTINCT data->>'public_key' FROM es_event WHERE type = "
                              "'audit.sealed'"),
               public_key);
    end(&e);
}

TEST(a_seal_of_another_key_is_counted_and_holds_up_nothing)
{
    struct entered e = {.mongo = NULL};
    double before = figure("es_audit_forged_total");
    begin(&e);
    seal_is_made(&e, "s.requests-0a", 1, 1, &key);
    seal_is_made(&e, "s.requests-0a", RECORD_NUMBER_MAX, 9, &other_key);
    seal_is_made(&e, "s.requests-0c", 5, 1, &other_key);
    seal_is_made(&e, "s.security-0b", 1, 1, &key);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 1 01, b 1 01'"));
    CHECK(figure("es_audit_forged_total") >= before + 2);
    seal_is_made(&e, "s.requests-0a", 2, 2, &key);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 1 01, a 2 02, b 1 01'"));
    end(&e);
}

/* What somebody puts there may be of any form. */
TEST(ids_that_no_chain_has_hold_up_nothing)
{
    struct entered e = {.mongo = NULL};
    char id[300] = "", document[400];
    begin(&e);
    memset(id, 'a', sizeof(id) - 1);
    snprintf(document, sizeof(document), "{\"_id\":\"%s:1\",\"n\":1}", id);
    CHECK_OK(mongo_insert(e.mongo, AUDIT_SEALS, (const char *const[]){document}, 1));
    CHECK_OK(mongo_insert(e.mongo, AUDIT_SEALS, (const char *const[]){"{\"_id\":\"none\"}"}, 1));
    seal_is_made(&e, "s.requests-0a", 1, 1, &key);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 1 01'"));
    end(&e);
}

TEST(a_seal_that_contradicts_the_log_is_counted_and_changes_nothing)
{
    struct entered e = {.mongo = NULL};
    begin(&e);
    seal_is_made(&e, "s.requests-0a", 1, 1, &key);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 1 01'"));
    double before = figure("es_audit_forged_total");
    int64_t gone;
    CHECK_OK(mongo_delete(e.mongo, AUDIT_SEALS, "{}", 1000, &gone));
    seal_is_made(&e, "s.requests-0a", 1, 9, &key); /* the chain was written anew */
    for (int i = 0; i < 100 && figure("es_audit_forged_total") == before; i++)
        usleep(100000);
    CHECK(figure("es_audit_forged_total") > before);
    CHECK_TEXT(value(e.w.log, ENTERED), "a 1 01");
    end(&e);
}

TEST(seals_wait_while_mongodb_is_away)
{
    struct entered e = {.mongo = NULL};
    begin(&e);
    seal_is_made(&e, "s.requests-0a", 5, 1, &key);
    CHECK_TEXT(stand_in("down"), "ok");
    look(&e);
    usleep(1500000);
    CHECK_TEXT(value(e.w.log, "SELECT count(*) FROM es_event WHERE type = 'audit.sealed'"), "0");
    CHECK_TEXT(stand_in("up"), "ok");
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 5 01'"));
    end(&e);
}
