/* writer_test.c -- commands through the writer to a real PostgreSQL, without HTTP. */
#include "tests/writer/writer_fixture.h"

TEST(a_report_is_filed_moved_on_and_voted_for)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    struct pending *p = run(&citizen, create(id, "PUBLIC"), NULL);
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(p->outcome, COMMITTED);
    CHECK_INT(p->version, 1);
    CHECK_INT(p->position, 2);
    drop(p);
    p = run(&officer, move(id, "IN_PROGRESS"), NULL);
    CHECK_INT(p->version, 2);
    drop(p);
    p = run(&other, vote(id), NULL);
    CHECK_INT(p->position, 4);
    drop(p);
    p = run(&other, vote(id), NULL); /* already true: the report's last position */
    CHECK_INT(p->outcome, CHECKED);
    CHECK_INT(p->position, 3);
    drop(p);
    stop_writer();
}

TEST(the_same_key_has_one_effect_and_one_answer)
{
    char first[UUID_TEXT], second[UUID_TEXT];
    new_id(first);
    new_id(second);
    start_writer();
    define_category();
    struct pending *a = run(&citizen, create(first, "PUBLIC"), "key-0000000000001");
    struct pending *b = run(&citizen, create(second, "PUBLIC"), "key-0000000000001");
    CHECK_INT(b->outcome, REPLAYED);
    CHECK_INT(b->status, 201);
    CHECK_TEXT(b->body, a->body);
    CHECK_INT(b->position, a->position);
    struct command changed = create(second, "PUBLIC");
    changed.CreateReport.content = "another hole";
    struct pending *c = run(&citizen, changed, "key-0000000000001");
    CHECK_PROBLEM(c->problem, KEY_REUSED);
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE type = 'report.created'"), 1);
    drop(a);
    drop(b);
    drop(c);
    stop_writer();
}

TEST(the_same_key_twice_at_once_has_one_effect)
{
    start_writer();
    define_category();
    for (int i = 0; i < 40; i++) {
        char id[UUID_TEXT];
        new_id(id);
        put(command(&citizen, create(strdup(id), "PUBLIC"),
                    i % 2 ? "key-odd-0000000001" : "key-even-000000001"));
    }
    int committed = 0;
    for (int i = 0; i < 40; i++) {
        struct pending *p = get();
        CHECK_PROBLEM(p->problem, NULL);
        committed += p->outcome == COMMITTED;
        free((char *)(uintptr_t)p->command.target);
        drop(p);
    }
    CHECK_INT(committed, 2);
    stop_writer();
}

TEST(a_retry_of_what_succeeded_is_no_conflict_made_by_its_own_effect)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    struct pending *a = run(&officer, move(id, "RESOLVED"), "key-resolve-000001");
    drop(run(&officer, move(id, "CLOSED"), NULL));
    struct pending *b = run(&officer, move(id, "RESOLVED"), "key-resolve-000001");
    CHECK_PROBLEM(b->problem, NULL);
    CHECK_INT(b->outcome, REPLAYED);
    CHECK_TEXT(b->body, a->body);
    drop(a);
    drop(b);
    stop_writer();
}

TEST(of_two_officers_at_once_with_the_same_version_one_wins)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    for (int i = 0; i < 20; i++) {
        struct command c = move(id, i % 2 ? "IN_PROGRESS" : "REJECTED");
        c.if_match = (struct precondition){.given = true, .count = 1, .versions = {1}};
        put(command(&officer, c, NULL));
    }
    int won = 0, mismatch = 0;
    for (int i = 0; i < 20; i++) {
        struct pending *p = get();
        won += p->outcome == COMMITTED;
        mismatch += p->problem == VERSION_MISMATCH && p->version == 2;
        drop(p);
    }
    CHECK_INT(won, 1);
    CHECK_INT(mismatch, 19);
    stop_writer();
}

TEST(too_many_for_one_stream_are_refused_and_the_others_go_on)
{
    char hot[UUID_TEXT], cold[UUID_TEXT];
    new_id(hot);
    new_id(cold);
    start_writer();
    define_category();
    drop(run(&citizen, create(hot, "PUBLIC"), NULL));
    drop(run(&citizen, create(cold, "PUBLIC"), NULL));
    for (int i = 0; i < 600; i++)
        put(command(&officer, move(hot, i % 2 ? "IN_PROGRESS" : "RESOLVED"), NULL));
    put(command(&officer, move(cold, "IN_PROGRESS"), NULL));
    int busy = 0, place_of_cold = -1;
    for (int i = 0; i < 601; i++) {
        struct pending *p = get();
        busy += p->problem == QUEUE_FULL;
        if (p->command.target == cold)
            place_of_cold = i;
        drop(p);
    }
    CHECK(busy > 100);
    CHECK(place_of_cold < 600);
    CHECK_INT(count("SELECT count(*) FROM es_event"), count("SELECT max(position) FROM es_event"));
    stop_writer();
}

TEST(an_anonymous_author_leaves_no_trace_but_the_pseudonym)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    struct pending *p = run(&citizen, create(id, "ANONYMOUS"), NULL);
    CHECK_PROBLEM(p->problem, NULL);
    CHECK(p->anonymous);
    drop(p);
    drop(run(&citizen, (struct command){.type = WithdrawReport, .target = id}, NULL));
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE stream LIKE 'report-%'"), 2);
    CHECK_INT(count("SELECT count(*) FROM es_event e WHERE stream LIKE 'report-%' AND "
                    "(e::text LIKE '%" C1 "%' OR e::text LIKE '%request-1%')"),
              0);
    CHECK_INT(count("SELECT count(*) FROM es_result r WHERE r::text LIKE '%" C1 "%'"), 0);
    CHECK_INT(count("SELECT count(*) FROM es_result r WHERE actor = 'pseudonym-1'"), 2);
    stop_writer();
}

/* Who did the others is stored, and they stand beside it. */
TEST(an_anonymous_author_changes_their_report_by_itself)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    drop(run(&citizen, create(id, "ANONYMOUS"), NULL));
    struct command withdraw = {.type = WithdrawReport, .target = id};
    struct pending *p = command(&citizen, withdraw, NULL);
    p->together = true;
    put(p);
    p = get();
    CHECK_PROBLEM(p->problem, NOT_TOGETHER);
    CHECK(p->anonymous);
    drop(p);
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE stream LIKE 'report-%'"), 1);
    CHECK_INT(count("SELECT count(*) FROM es_result WHERE actor = 'pseudonym-1'"), 1);
    drop(run(&citizen, withdraw, NULL));
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE stream LIKE 'report-%'"), 2);
    stop_writer();
}

TEST(a_store_that_is_away_is_said_and_comes_back)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    test_postgres_stop();
    struct pending *p = run(&citizen, create(id, "PUBLIC"), "key-away-00000001");
    CHECK_PROBLEM(p->problem, STORE_UNAVAILABLE);
    drop(p);
    test_postgres_start();
    p = run(&citizen, create(id, "PUBLIC"), "key-away-00000001");
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(p->outcome, COMMITTED);
    drop(p);
    stop_writer();
}

/* Holds up every append until it is released. */
static struct pg *hold_counter(void)
{
    struct pg *pg = pg_new(settings.database_url, "holder", NULL, 20000);
    CHECK_OK(pg_run(pg, "BEGIN; UPDATE es_counter SET position = position"));
    return pg;
}

TEST(two_commands_of_a_batch_that_saw_the_same_overtaken_state_are_decided_anew)
{
    char id[UUID_TEXT], other_id[UUID_TEXT];
    new_id(id);
    new_id(other_id);
    start_writer();
    define_category();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    struct writer *here = writer;
    writer = writer_new(&settings, NULL, NULL);
    drop(run(&officer, move(id, "IN_PROGRESS"), NULL));
    writer_free(writer);
    writer = here; /* still believes RECEIVED */
    struct pg *holder = hold_counter();
    put(command(&citizen, create(other_id, "PUBLIC"), NULL));
    test_shell("sleep 0.3"); /* it has been taken; what follows shares a batch */
    put(command(&other, vote(id), NULL));
    put(command(&officer, vote(id), NULL));
    pg_free(holder);
    for (int i = 0; i < 3; i++) {
        struct pending *p = get();
        CHECK_PROBLEM(p->problem, NULL);
        CHECK_INT(p->outcome, COMMITTED);
        drop(p);
    }
    stop_writer();
}

TEST(a_store_that_times_out_is_unavailable_not_broken_and_the_next_command_passes)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    settings.database_timeout_ms = 400;
    writer_free(writer);
    writer = writer_new(&settings, NULL, NULL);
    define_category();
    struct pg *holder = hold_counter();
    int64_t began = time_monotonic();
    struct pending *p = run(&citizen, create(id, "PUBLIC"), "key-late-000000001");
    CHECK_PROBLEM(p->problem, STORE_UNAVAILABLE);
    CHECK(time_monotonic() - began < 5000000);
    drop(p);
    pg_free(holder);
    p = run(&citizen, create(id, "PUBLIC"), "key-late-000000001");
    CHECK_PROBLEM(p->problem, NULL);
    drop(p);
    stop_writer();
}

TEST(another_process_moved_the_report_and_the_command_is_decided_anew)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    define_category();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    struct writer *here = writer;
    struct writer *there = writer_new(&settings, NULL, NULL);
    writer = there;
    drop(run(&officer, move(id, "IN_PROGRESS"), NULL));
    writer = here; /* still believes RECEIVED */
    struct pending *p = run(&officer, move(id, "IN_PROGRESS"), NULL);
    CHECK_PROBLEM(p->problem, NULL);
    CHECK_INT(p->outcome, CHECKED);
    CHECK_INT(p->version, 2);
    drop(p);
    writer_free(there);
    stop_writer();
}

/* Holds up every append that looks at the report. */
static struct pg *hold_report(const char *id)
{
    scoped_arena a = {0};
    struct pg *pg = pg_new(settings.database_url, "holder", NULL, 20000);
    CHECK_OK(pg_run(pg, arena_printf(&a,
                                     "BEGIN; SELECT 1 FROM es_stream WHERE stream = 'report-%s' "
                                     "FOR UPDATE",
                                     id)));
    return pg;
}

static void expect(struct pending *p, const struct problem *problem, enum outcome outcome)
{
    CHECK_PROBLEM(p->problem, problem);
    CHECK_INT(p->outcome, outcome);
    drop(p);
}

TEST(what_waited_too_long_in_the_queue_is_refused_and_never_done)
{
    char id[UUID_TEXT], late[UUID_TEXT];
    new_id(id);
    new_id(late);
    start_writer();
    define_category();
    settings.command_wait_ms = 400;
    struct pg *holder = hold_counter();
    put(command(&citizen, create(id, "PUBLIC"), NULL));
    test_shell("sleep 0.2"); /* it has been begun; what follows queues */
    put(command(&citizen, create(late, "PUBLIC"), "key-late-000000002"));
    test_shell("sleep 0.6");
    pg_free(holder);
    expect(get(), NULL, COMMITTED);
    expect(get(), QUEUE_FULL, OPEN);
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE type = 'report.created'"), 1);
    expect(run(&citizen, create(late, "PUBLIC"), "key-late-000000002"), NULL, COMMITTED);
    stop_writer();
}

TEST(what_waited_too_long_behind_its_stream_is_refused_and_never_done)
{
    char id[UUID_TEXT], other_id[UUID_TEXT];
    new_id(id);
    new_id(other_id);
    start_writer();
    define_category();
    drop(run(&citizen, create(id, "PUBLIC"), NULL));
    settings.command_wait_ms = 1000;
    struct pg *counter = hold_counter(), *report = hold_report(id);
    put(command(&citizen, create(other_id, "PUBLIC"), NULL));
    test_shell("sleep 0.2");
    put(command(&officer, move(id, "IN_PROGRESS"), NULL));
    put(command(&officer, move(id, "RESOLVED"), NULL)); /* a batch later than the one before */
    pg_free(counter);
    expect(get(), NULL, COMMITTED);
    test_shell("sleep 1.2");
    pg_free(report);
    expect(get(), NULL, COMMITTED);
    expect(get(), QUEUE_FULL, OPEN);
    CHECK_INT(count("SELECT count(*) FROM es_event WHERE type = 'report.status.updated'"), 1);
    stop_writer();
}

/* What no client can send: the edge refuses it. A rule that makes such an event is a bug. */
TEST(an_event_that_could_not_be_read_again_is_refused_and_the_stream_stays_whole)
{
    static struct texts_pair pair[] = {{"en", "Roads"}};
    static const struct texts names = {1, pair};
    struct command whole = {.type = DefineCategory,
                            .target = "bridges",
                            .DefineCategory = {&names, "AGENCY_INFRA", "issue", false, true}};
    struct command broken = whole;
    broken.DefineCategory.kind = NULL;
    start_writer();
    define_category();
    expect(run(&system_actor, broken, NULL), UNWRITABLE_EVENT, CHECKED);
    broken.DefineCategory.kind = "neither";
    expect(run(&system_actor, broken, NULL), UNWRITABLE_EVENT, CHECKED);
    CHECK_INT(count("SELECT count(*) FROM es_event"), 1);
    expect(run(&system_actor, whole, NULL), NULL, COMMITTED);
    stop_writer();
}
