/* seal_entry_test.c -- which seals of the audit come into the log, with the writer of a worker on a
 * real store and the stand-in of a MongoDB server. */
#include "tests/sla-worker/worker.h"
#include "tests/platform/mongo_fixture.h"
#include "tests/support/units.h"

#include <sodium.h>

#include "audit/seal.h"
#include "sla-worker/seal_entry.h"

static struct seal_key key;

struct entered {
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
    memset(key.public_key, 0, sizeof(key.public_key));
    CHECK_INT(crypto_sign_keypair(key.public_key, key.secret), 0);
    int64_t gone;
    CHECK_OK(mongo_delete(e->mongo, AUDIT_SEALS, "{}", 1000, &gone));
}

static void look(struct entered *e)
{
    e->w.writer = writer_new(&e->w.settings, NULL, NULL);
    e->seals = seal_entry_new(&e->w.settings, e->w.writer);
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
}

static void seal_is_made(struct entered *e, const char *writer, int64_t n, int hash, bool forged)
{
    scoped_text document = {0};
    struct seal seal;
    struct chain_end at;
    chain_begin(&at, writer);
    at.n = n;
    memset(at.hash, hash, sizeof(at.hash));
    seal_sign(&key, &at, time_now(), &seal);
    seal.signature[0] ^= forged;
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
    seal_is_made(&e, "w.a", 1000, 1, false);
    seal_is_made(&e, "w.b", 7, 2, false);
    seal_is_made(&e, "w.a", 2000, 3, false);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 2000 03, b 7 02'"));
    seal_is_made(&e, "w.b", 8, 4, false);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 2000 03, b 7 02, b 8 04'"));
    char public_key[2 * SEAL_PUBLIC + 1];
    text_hex(key.public_key, SEAL_PUBLIC, public_key);
    CHECK_TEXT(value(e.w.log, "SELECT DISTINCT data->>'public_key' FROM es_event WHERE type = "
                              "'audit.sealed'"),
               public_key);
    end(&e);
}

TEST(a_forged_seal_is_counted_and_not_entered)
{
    struct entered e = {.mongo = NULL};
    double before = figure("es_audit_forged_total");
    begin(&e);
    seal_is_made(&e, "w.a", 1, 1, true);
    seal_is_made(&e, "w.b", 1, 1, false);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'b 1 01'"));
    CHECK(figure("es_audit_forged_total") > before);
    end(&e);
}

TEST(a_seal_that_contradicts_the_log_is_counted_and_changes_nothing)
{
    struct entered e = {.mongo = NULL};
    begin(&e);
    seal_is_made(&e, "w.a", 1, 1, false);
    look(&e);
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 1 01'"));
    double before = figure("es_audit_forged_total");
    int64_t gone;
    CHECK_OK(mongo_delete(e.mongo, AUDIT_SEALS, "{}", 1000, &gone));
    seal_is_made(&e, "w.a", 1, 9, false); /* the chain was written anew */
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
    seal_is_made(&e, "w.a", 5, 1, false);
    CHECK_TEXT(stand_in("down"), "ok");
    look(&e);
    usleep(1500000);
    CHECK_TEXT(value(e.w.log, "SELECT count(*) FROM es_event WHERE type = 'audit.sealed'"), "0");
    CHECK_TEXT(stand_in("up"), "ok");
    CHECK(comes_true(e.w.log, "SELECT (" ENTERED ") = 'a 5 01'"));
    end(&e);
}
