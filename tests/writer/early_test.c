/* early_test.c -- rules that say before which moment nothing of theirs is stored: such a command is
 * refused by the store's clock, once, and holds up nobody. The rules are the test's own. */
#include <stdatomic.h>

#include "tests/writer/own_rules.h"

#include "platform/process/metrics.h"

#define HOUR (INT64_C(3600) * 1000000)

static _Atomic int64_t moment;
static _Atomic int decided;

/* The note says what is done, a letter each: wait for the moment, for one long past, write its own
 * stream, which is done without a note too, refuse. The answer tells how many events it has seen
 * there. */
static fallible as_noted(const struct command *c, struct decision *out)
{
    const void *state;
    char own[STREAM_TEXT];
    bool refused = false;
    command_stream(c, own);
    TRY(read_state(out, own, &state));
    atomic_fetch_add(&decided, 1);
    answer(out, "seen",
           arena_printf(out->arena, "%d", (int)((const struct own_state *)state)->events));
    const char *note = c->UpdateReportStatus.note;
    for (const char *what = note ? note : "w"; *what; what++)
        switch (*what) {
        case 'm': emit_not_before(out, atomic_load(&moment)); break;
        case 'p': emit_not_before(out, 1); break;
        case 'w': TRY(writes_own(c, out)); break;
        case 'x': refused = true; break;
        }
    return refused ? NO_SUCH_REPORT : NULL;
}

static void begin_early(char *const *ids, int n)
{
    for (int i = 0; i < n; i++)
        new_id(ids[i]);
    begin_with(as_noted);
    atomic_store(&moment, time_now() + HOUR);
    atomic_store(&decided, 0);
}

static void check_ended(struct pending *p, const struct problem *problem, enum outcome outcome)
{
    CHECK_PROBLEM(p->problem, problem);
    CHECK_INT(p->outcome, outcome);
}

static void check_run(const char *id, const char *note, const char *key,
                      const struct problem *problem, enum outcome outcome)
{
    struct pending *p = run(&officer, on(id, note), key);
    check_ended(p, problem, outcome);
    drop(p);
}

/* Had the writer folded it, the second decision would see an event or be made twice. */
TEST(before_its_moment_a_command_is_refused_once_and_then_it_commits_under_its_key)
{
    char id[UUID_TEXT];
    begin_early((char *[]){id}, 1);
    check_run(id, "mw", "key-early-00000001", TOO_EARLY, EARLY);
    CHECK_INT(atomic_exchange(&decided, 0), 1);
    CHECK_INT(count_of_moves(), 0);
    atomic_store(&moment, time_now() - HOUR);
    struct pending *p = run(&officer, on(id, "mw"), "key-early-00000001");
    check_ended(p, NULL, COMMITTED);
    CHECK_INT(p->version, 1);
    CHECK_TEXT(p->body, "\"seen\":\"0\"");
    CHECK_INT(atomic_load(&decided), 1);
    CHECK_INT(count_of_moves(), 1);
    drop(p);
    end_rules();
}

TEST(of_several_moments_the_latest_counts)
{
    char id[UUID_TEXT];
    begin_early((char *[]){id}, 1);
    check_run(id, "mpw", NULL, TOO_EARLY, EARLY);
    check_run(id, "pmw", NULL, TOO_EARLY, EARLY);
    check_run(id, "pw", NULL, NULL, COMMITTED);
    end_rules();
}

TEST(a_refusal_is_none_of_time_and_an_answer_without_events_is)
{
    char id[UUID_TEXT];
    begin_early((char *[]){id}, 1);
    check_run(id, "mwx", NULL, NO_SUCH_REPORT, CHECKED);
    check_run(id, "m", "key-early-00000002", TOO_EARLY, EARLY);
    atomic_store(&moment, time_now() - HOUR);
    check_run(id, "m", "key-early-00000002", NULL, CHECKED);
    end_rules();
}

TEST(what_was_done_is_answered_again_before_its_moment_too)
{
    char id[UUID_TEXT];
    begin_early((char *[]){id}, 1);
    atomic_store(&moment, time_now() - HOUR);
    check_run(id, "mw", "key-early-00000003", NULL, COMMITTED);
    atomic_store(&moment, time_now() + HOUR);
    check_run(id, "mw", "key-early-00000003", NULL, REPLAYED);
    check_run(id, "mww", "key-early-00000003", KEY_REUSED, OUTCOME_KEY_REUSED);
    CHECK_INT(count_of_moves(), 1);
    end_rules();
}

/* All but the first share a batch, the last one comes behind the early one of its stream. */
TEST(the_others_of_the_batch_and_those_behind_an_early_one_go_on)
{
    enum { ALL = 5 };
    static const char *const notes[ALL] = {"w", "mw", "pw", "w", "w"};
    static const enum outcome outcomes[ALL] = {COMMITTED, EARLY, COMMITTED, COMMITTED, COMMITTED};
    char ids[4][UUID_TEXT];
    struct pending *all[ALL];
    begin_early((char *[]){ids[0], ids[1], ids[2], ids[3]}, 4);
    struct pg *holder = hold_first();
    for (int i = 0; i < ALL; i++) {
        all[i] = command(&officer, on(ids[i < 4 ? i : 1], notes[i]), NULL);
        put(all[i]);
    }
    pg_free(holder);
    drop(get());
    for (int i = 0; i < ALL; i++)
        get();
    for (int i = 0; i < ALL; i++) {
        check_ended(all[i], i == 1 ? TOO_EARLY : NULL, outcomes[i]);
        CHECK_TEXT(all[i]->body, "\"seen\":\"0\"");
    }
    CHECK_INT(all[2]->position, all[0]->position + 1);
    CHECK_INT(all[3]->position, all[2]->position + 1);
    CHECK_INT(all[4]->version, 1);
    CHECK_INT(count("SELECT max(position) - count(*) FROM es_event"), 0);
    CHECK_INT(count("SELECT count(DISTINCT xmin::text) FROM es_event WHERE type = "
                    "'report.status.updated'"),
              3);
    for (int i = 0; i < ALL; i++)
        drop(all[i]);
    end_rules();
}

TEST(early_ones_are_counted_as_such)
{
    char id[UUID_TEXT];
    scoped_text before = {0}, after = {0};
    int64_t was = 0, is = 0;
    static const char LINE[] = "\nes_append_total{result=\"early\"} ";
    begin_early((char *[]){id}, 1);
    metrics_write(&before);
    check_run(id, "mw", NULL, TOO_EARLY, EARLY);
    metrics_write(&after);
    const char *first = strstr(text_value(&before), LINE), *then = strstr(text_value(&after), LINE);
    if (first)
        was = strtol(first + sizeof(LINE) - 1, NULL, 10);
    if (then)
        is = strtol(then + sizeof(LINE) - 1, NULL, 10);
    CHECK_INT(is, was + 1);
    end_rules();
}
