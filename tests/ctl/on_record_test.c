/* on_record_test.c -- what operators do stands in the record of requests: shown by `audit tail`,
 * which is on record itself and needs no database. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/note.h"
#include "audit/pages.h"
#include "base/time.h"
#include "tests/support/harness.h"
#include "tests/support/mongo_servers.h"

enum { DONE = 0, FAILED = 1, USAGE = 2, AWAY = 3, KILLED = 137, RECORDS = 64 };

static struct {
    struct mongo *mongo;
    char folder[64], key_file[96];
    const char *spool;  /* what AUDIT_SPOOL names */
    const char *before; /* other variables of the next call */
} world;
static char output[1 << 16]; /* of the last call, both streams */

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", world.folder);
    CHECK(system(command) == 0);
}

static void make_world(void)
{
    int64_t deleted;
    unsigned char seed[32] = {7};
    if (!world.mongo) {
        mongo_library_start();
        atexit(mongo_library_stop);
        atexit(remove_folder);
        CHECK_OK(mongo_new(stand_in_uri(), NULL, AUDIT_DATABASE, &world.mongo));
    }
    if (*world.folder)
        remove_folder();
    snprintf(world.folder, sizeof(world.folder), "/tmp/citywatch-on-record-XXXXXX");
    CHECK(mkdtemp(world.folder) != NULL);
    snprintf(world.key_file, sizeof(world.key_file), "%s/key", world.folder);
    FILE *f = fopen(world.key_file, "w");
    CHECK(fwrite(seed, 1, sizeof(seed), f) == sizeof(seed));
    fclose(f);
    CHECK(!chmod(world.key_file, 0600));
    world.spool = world.folder;
    world.before = "";
    CHECK_OK(mongo_delete(world.mongo, "audit_security", "{}", MONGO_DELETE_MAX, &deleted));
    CHECK_OK(mongo_delete(world.mongo, AUDIT_SEALS, "{}", MONGO_DELETE_MAX, &deleted));
}

static int __attribute__((format(printf, 1, 2))) ctl(const char *format, ...)
{
    char words[512], command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    snprintf(command, sizeof(command),
             "MONGODB_URI='%s' AUDIT_KEY_FILE=%s AUDIT_SPOOL=%s %s timeout 60 " CITYWATCHCTL
             " %s 2>&1 </dev/null",
             stand_in_uri(), world.key_file, world.spool, world.before, words);
    FILE *f = popen(command, "re");
    size_t n = fread(output, 1, sizeof(output) - 1, f);
    output[n] = '\0';
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- what MongoDB has ---- */

static struct {
    struct arena arena;
    struct stored_record at[RECORDS];
    int count;
} found;

static bool keep(const char *document, void *arg)
{
    (void)arg;
    CHECK(found.count < RECORDS && record_read(document, &found.arena, &found.at[found.count]));
    found.count++;
    return true;
}

/* In the order of their ids, which is that of the chain. */
static void find_records(void)
{
    arena_release(&found.arena);
    found.count = 0;
    CHECK_OK(mongo_find(world.mongo, "audit_security", "{}", "{\"_id\":1}", RECORDS, keep, NULL));
}

static void check_record(int i, int64_t status, const char *words)
{
    const struct audit_record *r = &found.at[i].record;
    CHECK_TEXT(r->kind, "ctl");
    CHECK_TEXT(r->service, "citywatchctl");
    CHECK_TEXT(r->route, "audit");
    CHECK_INT(r->status, status);
    CHECK_TEXT(r->subject, words);
    CHECK(text_starts(r->actor, "unix:"));
    CHECK(r->request_id && strlen(r->request_id) == UUID_TEXT - 1);
    CHECK(r->at > 0 && (r->duration_us > 0) == (status > 0));
}

static void check_chain_is_whole(int records)
{
    char expected[64];
    snprintf(expected, sizeof(expected), ": %d records (1 to %d)", records, records);
    CHECK_INT(ctl("audit verify --book security"), DONE);
    if (!strstr(output, expected) || !strstr(output, " 0 not sealed yet; 0 findings"))
        CHECK_TEXT((const char *)output, expected);
}

TEST(who_reads_the_record_is_on_record_before_and_after)
{
    make_world();
    CHECK_INT(ctl("audit tail --last 3"), DONE);
    find_records();
    CHECK_INT(found.count, 2);
    check_record(0, 0, "tail --last 3");
    check_record(1, 200, "tail --last 3");
    CHECK_TEXT(found.at[1].record.request_id, found.at[0].record.request_id);
    check_chain_is_whole(2);
}

TEST(what_ends_before_anything_is_changed_or_read_is_not_on_record)
{
    make_world();
    CHECK_INT(ctl("audit tail --last none"), USAGE);
    CHECK_INT(ctl("audit verify"), DONE);
    CHECK_INT(ctl("republish"), AWAY);
    world.before = "MONGODB_URI=''";
    CHECK_INT(ctl("audit tail"), FAILED);
    find_records();
    CHECK_INT(found.count, 0);
}

TEST(what_failed_is_on_record_with_what_became_of_it)
{
    make_world();
    stand_in("refuse 13");
    CHECK_INT(ctl("audit export --book security"), FAILED);
    stand_in("well");
    CHECK_INT(ctl("audit tail"), DONE);
    find_records();
    CHECK_INT(found.count, 4);
    check_record(1, 500, "export --book security");
}

TEST(records_wait_for_mongodb_until_the_next_command)
{
    make_world();
    world.before = "MONGODB_URI='mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100'";
    CHECK_INT(ctl("audit tail"), AWAY);
    CHECK(strstr(output, "its record waits in AUDIT_SPOOL"));
    find_records();
    CHECK_INT(found.count, 0);
    world.before = "";
    CHECK_INT(ctl("audit tail --json"), DONE);
    find_records();
    CHECK_INT(found.count, 4);
    check_record(1, 503, "tail");
    check_record(3, 200, "tail --json");
    check_chain_is_whole(4);
}

TEST(a_command_that_was_killed_leaves_that_it_began)
{
    make_world();
    world.before = "ES_FAILPOINT=audit.after_sync:exit";
    CHECK_INT(ctl("audit tail"), KILLED);
    world.before = "";
    CHECK_INT(ctl("audit tail --last 1"), DONE);
    find_records();
    CHECK_INT(found.count, 3);
    check_record(0, 0, "tail");
    check_record(2, 200, "tail --last 1");
    check_chain_is_whole(3);
}

TEST(several_at_once_write_one_chain)
{
    enum { AT_ONCE = 6 };
    make_world();
    char command[512];
    snprintf(command, sizeof(command),
             "audit tail & for i in 1 2 3 4 5; do %s audit tail & done; wait", CITYWATCHCTL);
    world.before = "export MONGODB_URI AUDIT_KEY_FILE AUDIT_SPOOL;";
    CHECK_INT(ctl("%s", command), DONE);
    find_records();
    CHECK_INT(found.count, 2 * AT_ONCE);
    check_chain_is_whole(2 * AT_ONCE);
}

TEST(nothing_fails_by_a_spool_that_cannot_be_used)
{
    make_world();
    world.spool = "/nonexistent/audit";
    CHECK_INT(ctl("audit tail"), DONE);
    CHECK(strstr(output, "this command is not on record: AUDIT_SPOOL cannot be used."));
    find_records();
    CHECK_INT(found.count, 0);
}

TEST(without_a_spool_no_record_is_kept)
{
    make_world();
    world.spool = "";
    CHECK_INT(ctl("audit tail"), DONE);
    find_records();
    CHECK_INT(found.count, 0);
}
