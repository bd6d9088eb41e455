/* writer_split_test.c -- any split of a queue of commands into batches gives the same events and
 * outcomes. */
#include "tests/writer/writer_fixture.h"

enum { REPORTS = 3, COMMANDS_IN_HISTORY = 60 };

static struct command any_command(unsigned *seed, char ids[REPORTS][UUID_TEXT])
{
    static const char *const statuses[] = {"IN_PROGRESS", "RESOLVED", "REJECTED", "CLOSED"};
    const char *id = ids[rand_r(seed) % REPORTS];
    switch (rand_r(seed) % 3) {
    case 0: return move(id, statuses[rand_r(seed) % 4]);
    case 1: return vote(id);
    default: return (struct command){.type = WithdrawUpvote, .target = id};
    }
}

/* Runs the history in bursts; the outcomes as one text, then the events' types by stream. */
static void history(unsigned seed, int burst, struct text *out)
{
    char ids[REPORTS][UUID_TEXT];
    const char *results[COMMANDS_IN_HISTORY];
    struct pending *all[COMMANDS_IN_HISTORY];
    start_writer();
    define_category();
    for (int i = 0; i < REPORTS; i++) {
        new_id(ids[i]);
        drop(run(&citizen, create(ids[i], "PUBLIC"), NULL));
    }
    for (int i = 0; i < COMMANDS_IN_HISTORY; i += burst) {
        int n = i + burst < COMMANDS_IN_HISTORY ? burst : COMMANDS_IN_HISTORY - i;
        for (int k = i; k < i + n; k++) {
            struct command c = any_command(&seed, ids);
            all[k] = command(c.type == UpdateReportStatus ? &officer : &other, c, NULL);
            put(all[k]);
        }
        for (int k = 0; k < n; k++)
            get();
    }
    for (int i = 0; i < COMMANDS_IN_HISTORY; i++) {
        results[i] = all[i]->problem                ? all[i]->problem->name
                     : all[i]->outcome == COMMITTED ? "done"
                                                    : "true";
        text_printf(out, "%s ", results[i]);
        drop(all[i]);
    }
    text_printf(
        out, "/ %lld %lld", (long long)count("SELECT count(*) FROM es_event"),
        (long long)count("SELECT count(*) FROM es_event WHERE type = 'report.status.updated'"));
    stop_writer();
}

TEST(any_split_of_a_queue_of_commands_gives_the_same_outcomes)
{
    for (unsigned seed = 1; seed <= 4; seed++) {
        scoped_text one = {0}, all = {0}, some = {0};
        history(seed, 1, &one);
        history(seed, COMMANDS_IN_HISTORY, &all);
        history(seed, 7, &some);
        CHECK_TEXT(text_value(&all), text_value(&one));
        CHECK_TEXT(text_value(&some), text_value(&one));
    }
}
