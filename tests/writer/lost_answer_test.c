/* lost_answer_test.c -- the connection is cut between commit and answer, and two processes are
 * given one key at once: one effect, one answer. */
#include "tests/writer/writer_fixture.h"

#include "tests/support/proxy.h"

enum { KEYS = 60 };

static struct proxy *proxy;
static struct arena fixture_arena;

/* A writer whose store is behind the proxy; its connection is up and its statements are prepared.
 */
static void begin_behind_proxy(void)
{
    char url[256], *port;
    start_writer();
    define_category();
    const char *direct = settings.database_url;
    snprintf(url, sizeof(url), "%s", direct);
    port = strchr(strstr(url, "127.0.0.1"), ':') + 1;
    proxy = proxy_new((int)strtol(port, NULL, 10));
    char *database = strchr(port, '/');
    settings.database_url = arena_printf(&fixture_arena, "%.*s%d%s", (int)(port - url), url,
                                         proxy_port(proxy), database);
    writer_free(writer);
    writer = writer_new(&settings, NULL, NULL);
    settings.database_url = direct; /* for `count` */
    char id[UUID_TEXT];
    new_id(id);
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
}

static void end_behind_proxy(void)
{
    stop_writer();
    proxy_free(proxy);
    arena_release(&fixture_arena);
}

TEST(an_answer_lost_after_the_commit_is_one_effect_and_the_stored_answer)
{
    char id[UUID_TEXT], again[UUID_TEXT];
    new_id(id);
    new_id(again);
    begin_behind_proxy();
    int64_t before = count("SELECT count(*) FROM es_event");
    proxy_drop_next_answer(proxy);
    struct pending *p = run(&citizen, create(id, "PUBLIC"), "key-lost-answer-01");
    CHECK_INT(proxy_drops(proxy), 1);
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(count("SELECT count(*) FROM es_event"), before + 1);
    CHECK_INT(p->position, before + 1);
    struct pending *q = run(&citizen, create(again, "PUBLIC"), "key-lost-answer-01");
    CHECK_INT(q->outcome, REPLAYED);
    CHECK_TEXT(q->body, p->body);
    CHECK_INT(q->position, p->position);
    drop(p);
    drop(q);
    end_behind_proxy();
}

TEST(a_request_lost_before_the_commit_is_done_once)
{
    char id[UUID_TEXT];
    new_id(id);
    begin_behind_proxy();
    int64_t before = count("SELECT count(*) FROM es_event");
    proxy_drop_next_request(proxy);
    struct pending *p = run(&citizen, create(id, "PUBLIC"), "key-lost-request-1");
    CHECK_INT(proxy_drops(proxy), 1);
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(count("SELECT count(*) FROM es_event"), before + 1);
    drop(p);
    end_behind_proxy();
}

TEST(a_move_whose_answer_was_lost_is_no_conflict_made_by_its_own_effect)
{
    char id[UUID_TEXT];
    new_id(id);
    begin_behind_proxy();
    drop(run(&citizen, create(id, "PUBLIC"), NULL)); /* its state is known: the next call appends */
    proxy_drop_next_answer(proxy);
    struct pending *p = run(&officer, move(id, "RESOLVED"), "key-lost-move-0001");
    CHECK_INT(proxy_drops(proxy), 1);
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(p->version, 2);
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE type = 'report.status.updated'"), 1);
    drop(p);
    end_behind_proxy();
}

TEST(the_same_keys_at_once_on_two_processes_have_one_effect_each)
{
    static char ids[2 * KEYS][UUID_TEXT];
    start_writer();
    define_category();
    struct writer *both[] = {writer, writer_new(&settings, NULL, NULL)};
    int64_t before = count("SELECT count(*) FROM es_event");
    for (int i = 0; i < 2 * KEYS; i++) {
        char key[32];
        new_id(ids[i]);
        snprintf(key, sizeof(key), "key-on-both-%06d", i / 2);
        writer = both[i % 2];
        put(command(&citizen, create(ids[i], "PUBLIC"), key));
    }
    static int64_t position_of[2 * KEYS];
    int committed = 0;
    for (int i = 0; i < 2 * KEYS; i++) {
        struct pending *p = get();
        CHECK_PROBLEM(p->problem, NULL);
        committed += p->outcome == COMMITTED;
        for (int k = 0; k < 2 * KEYS; k++)
            if (p->command.target == ids[k])
                position_of[k] = p->position;
        drop(p);
    }
    CHECK_INT(committed, KEYS);
    for (int i = 0; i < 2 * KEYS; i += 2)
        CHECK_INT(position_of[i], position_of[i + 1]);
    CHECK_INT(count("SELECT count(*) FROM es_event"), before + KEYS);
    writer_free(both[1]);
    writer = both[0];
    stop_writer();
}
