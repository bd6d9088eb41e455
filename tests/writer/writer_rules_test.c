/* writer_rules_test.c -- rules that touch several streams, and rules that ask for what they may
 * not: order of arrival, outcomes that are not known, refusals that name the rule. The test's own
 * rules take the place of a feature's, and its script that of the store's answers (ld --wrap). */
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/writer/own_rules.h"

/* ---- what the store answers ---- */

enum { STEPS_MAX = 8 };
static struct step {
    bool called;                /* the store is asked, too */
    const struct problem *told; /* NULL: what it said */
    bool stale;                 /* without a call: all are stale */
    int sleep_ms;               /* before it is told */
} steps[STEPS_MAX];
static int step_now, step_count;
static bool is_retried; /* an append's outcome was kept from the writer */
/* Of all of these: a script may be given while the writer is at work. */
static pthread_mutex_t script_lock = PTHREAD_MUTEX_INITIALIZER;

fallible __real_store_append(struct store *s, struct append *batch, int count, struct arena *a);
fallible __wrap_store_append(struct store *s, struct append *batch, int count, struct arena *a);
fallible __wrap_store_append(struct store *s, struct append *batch, int count, struct arena *a)
{
    struct step step = {.called = true};
    pthread_mutex_lock(&script_lock);
    if (step_now < step_count)
        step = steps[step_now++];
    is_retried = is_retried || step.told;
    pthread_mutex_unlock(&script_lock);
    const struct problem *p = step.called ? __real_store_append(s, batch, count, a) : NULL;
    for (int i = 0; step.stale && i < count; i++)
        batch[i].outcome = STALE;
    usleep((useconds_t)step.sleep_ms * 1000);
    return step.told ? step.told : p;
}

static void script(const struct step *s, int count)
{
    pthread_mutex_lock(&script_lock);
    for (int i = 0; i < count; i++)
        steps[i] = s[i];
    step_now = 0;
    step_count = count;
    is_retried = false;
    pthread_mutex_unlock(&script_lock);
}

/* ---- a stream that several commands share ---- */

static void end_with_script(void)
{
    end_rules();
    script(NULL, 0);
}

static const char *hot; /* a stream that several commands touch, though their rows do not say so */
static char hot_id[UUID_TEXT], hot_name[STREAM_TEXT];

static void make_hot(void)
{
    new_id(hot_id);
    stream_name("report", hot_id, hot_name);
    hot = hot_name;
}

/* The note says that it writes the hot stream, too. */
static fallible writes_hot_too(const struct command *c, struct decision *out)
{
    const void *state;
    if (text_equal(c->UpdateReportStatus.note, "hot")) {
        TRY(read_state(out, hot, &state));
        emit_to(c, hot, out);
    }
    return writes_own(c, out);
}

/* ---- order ---- */

enum { IN_ORDER = 12 };

/* Puts commands on the streams named, each with its note; then none has overtaken an earlier one.
 */
static void check_order(char ids[][UUID_TEXT], const char *const *notes, const int *stream_of)
{
    struct pending *all[IN_ORDER];
    struct pg *holder = hold_first();
    for (int i = 0; i < IN_ORDER; i++) {
        all[i] =
            command(&officer, on(stream_of[i] < 0 ? hot_id : ids[stream_of[i]], notes[i]), NULL);
        put(all[i]);
    }
    pg_free(holder);
    for (int i = 0; i <= IN_ORDER; i++) {
        struct pending *p = get();
        CHECK_INT(p->outcome, COMMITTED);
        if (!i)
            drop(p); /* the one that was held */
    }
    for (int i = 0; i < IN_ORDER; i++)
        for (int k = 0; k < i; k++) {
            bool shared = stream_of[i] == stream_of[k] ||
                          ((notes[i] || stream_of[i] < 0) && (notes[k] || stream_of[k] < 0));
            if (shared && all[k]->position > all[i]->position)
                test_int(__FILE__, __LINE__, "the place of an earlier one", k, i);
        }
    for (int i = 0; i < IN_ORDER; i++)
        drop(all[i]);
}

TEST(commands_that_turn_out_to_share_a_stream_are_done_in_order_of_arrival)
{
    char ids[IN_ORDER][UUID_TEXT];
    const char *notes[IN_ORDER];
    int stream_of[IN_ORDER];
    make_hot();
    begin_with(writes_hot_too);
    for (int i = 0; i < IN_ORDER; i++) {
        new_id(ids[i]);
        notes[i] = "hot";
        stream_of[i] = i;
    }
    check_order(ids, notes, stream_of);
    end_with_script();
}

TEST(nobody_overtakes_an_earlier_command_of_its_stream_that_waits_for_another_one)
{
    char ids[IN_ORDER][UUID_TEXT];
    const char *const notes[IN_ORDER] = {"hot", "hot", NULL, "hot", NULL, NULL,
                                         "hot", NULL,  NULL, "hot", NULL, "hot"};
    const int stream_of[IN_ORDER] = {0, 1, 1, 2, -1, 2, 1, 1, 3, 3, -1, 3};
    make_hot();
    begin_with(writes_hot_too);
    for (int i = 0; i < IN_ORDER; i++)
        new_id(ids[i]);
    check_order(ids, notes, stream_of);
    end_with_script();
}

/* ---- outcomes that are not known ---- */

static void check_unknown(rule *r, const struct step *s, int steps_of_it, int moves)
{
    char id[UUID_TEXT];
    new_id(id);
    begin_with(r);
    script(s, steps_of_it);
    struct pending *p = run(&officer, on(id, NULL), NULL);
    CHECK_PROBLEM(p->problem, STORE_UNAVAILABLE);
    CHECK_INT(p->outcome, OPEN);
    CHECK_INT(step_now, steps_of_it);
    CHECK_INT(count_of_moves(), moves);
    drop(p);
    end_with_script();
}

TEST(a_command_that_may_be_done_is_not_told_of_a_conflict)
{
    const struct step lost_then_stale[] = {{true, STORE_UNAVAILABLE, false, 0},
                                           {false, NULL, true, 0},
                                           {false, NULL, true, 0},
                                           {false, NULL, true, 0},
                                           {false, NULL, true, 0}};
    check_unknown(writes_own, lost_then_stale, 5, 1);
}

TEST(a_command_that_may_be_done_is_not_told_that_the_store_refused_it)
{
    const struct step lost_then_refused[] = {{true, STORE_UNAVAILABLE, false, 0},
                                             {false, BATCH_REJECTED, false, 0}};
    check_unknown(writes_own, lost_then_refused, 2, 1);
}

static fallible writes_own_in_an_hour(const struct command *c, struct decision *out)
{
    emit_not_before(out, time_now() + INT64_C(3600) * 1000000);
    return writes_own(c, out);
}

/* The first append may be on its way yet and arrive when the moment has come. */
TEST(a_command_that_may_be_done_is_not_told_that_it_is_too_early)
{
    const struct step lost_then_asked[] = {{false, STORE_UNAVAILABLE, false, 0},
                                           {true, NULL, false, 0}};
    check_unknown(writes_own_in_an_hour, lost_then_asked, 2, 0);
}

TEST(a_command_that_may_be_done_is_not_told_that_the_log_was_restored)
{
    const struct step lost_then_raised[] = {{true, STORE_UNAVAILABLE, false, 0},
                                            {false, EPOCH_RAISED, false, 0}};
    sigset_t set; /* service_fail ends a process by SIGTERM */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    check_unknown(writes_own, lost_then_raised, 2, 1);
    CHECK_INT(sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 3}), SIGTERM);
}

/* On the second try it shares a stream with the one before, so it waits, and too long. */
static fallible writes_hot_once_retried(const struct command *c, struct decision *out)
{
    return is_retried ? writes_hot_too(c, out) : writes_own(c, out);
}

TEST(a_command_that_may_be_done_and_then_waits_too_long_is_not_told_that_nothing_was_changed)
{
    char id[UUID_TEXT];
    const struct step lost_then_slow[] = {
        {true, NULL, false, 0}, {true, STORE_UNAVAILABLE, false, 0}, {true, NULL, false, 1500}};
    new_id(id);
    make_hot();
    begin_with(writes_hot_once_retried);
    settings.command_wait_ms = 1400;
    script(lost_then_slow, 1);
    struct pg *holder = hold_first();
    script(lost_then_slow + 1, 2);
    put(command(&officer, on(hot_id, NULL), NULL));
    put(command(&officer, on(id, "hot"), NULL));
    pg_free(holder);
    for (int i = 0; i < 3; i++) {
        struct pending *p = get();
        bool waited = p->command.target == id;
        CHECK_PROBLEM(p->problem, waited ? STORE_UNAVAILABLE : NULL);
        CHECK_INT(p->outcome, waited ? OPEN : i ? REPLAYED : COMMITTED);
        drop(p);
    }
    CHECK_INT(count_of_moves(), 3);
    end_with_script();
}

/* ---- rules that ask for what they may not ---- */

static fallible reads_unknown(const struct command *c, struct decision *out)
{
    const void *state;
    (void)c;
    return read_state(out, "nothing-1", &state);
}

static fallible reads_no_stream(const struct command *c, struct decision *out)
{
    const void *state;
    (void)c;
    return read_state(out, "nothing", &state);
}

static fallible reads_too_many(const struct command *c, struct decision *out)
{
    const void *state;
    for (int i = 0; i <= READS_MAX; i++)
        TRY(read_state(out, arena_printf(out->arena, "report-%d", i), &state));
    return writes_own(c, out);
}

static fallible emits_too_many(const struct command *c, struct decision *out)
{
    for (int i = 0; i <= EMITTED_MAX; i++)
        TRY(writes_own(c, out));
    return NULL;
}

static fallible emits_unread(const struct command *c, struct decision *out)
{
    emit_to(c, hot, out);
    return writes_own(c, out);
}

static fallible emits_elsewhere(const struct command *c, struct decision *out)
{
    emit(out, "report-1", "nowhere", EVENT(ReportStatusUpdated, .report_id = c->target));
    return NULL;
}

static void check_broken(struct command c)
{
    struct pending *p = run(&officer, c, NULL);
    CHECK_PROBLEM(p->problem, RULE_BROKEN);
    CHECK_INT(p->outcome, CHECKED);
    CHECK(p->decision.broken);
    drop(p);
}

TEST(a_rule_that_asks_for_what_it_may_not_is_refused_and_the_others_go_on)
{
    rule *const broken[] = {reads_unknown,  reads_no_stream, reads_too_many,
                            emits_too_many, emits_unread,    emits_elsewhere};
    char id[UUID_TEXT];
    new_id(id);
    make_hot();
    begin_with(writes_own);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        rule_now = broken[i];
        check_broken(on(id, NULL));
        CHECK_INT(count_of_moves(), (long long)i);
        rule_now = writes_own;
        struct pending *p = run(&officer, on(id, NULL), NULL);
        CHECK_INT(p->outcome, COMMITTED);
        drop(p);
    }
    end_with_script();
}

TEST(a_kind_of_stream_that_no_rule_decides_on_is_refused_for_writing_and_for_reading)
{
    char id[UUID_TEXT];
    new_id(id);
    start_writer();
    undecided_now = "report-";
    check_broken(on(id, NULL));
    check_broken(vote(id)); /* of a stream of its own, but it reads the report */
    check_broken(create(id, "PUBLIC"));
    end_with_script();
}
