/* writer_reads_test.c -- commands that declare several streams that they read: each is decided on
 * what came before it, as one after the other. The rules and what they declare are the test's own.
 */
#include "tests/writer/own_rules.h"

enum { STREAMS = 5, COMMANDS_AT_ONCE = 60 };
static char ids[STREAMS][UUID_TEXT];

/* The note of a command: the places of the streams it reads, a digit each. */
static int reads_by_note(const struct command *c, char out[DECLARED_READS_MAX][STREAM_TEXT])
{
    const char *note = c->UpdateReportStatus.note;
    int count = 0;
    for (; note && note[count]; count++)
        stream_name("report", ids[note[count] - '0'], out[count]);
    return count;
}

/* Its answer tells how many events it has seen of each. */
static fallible tells_what_it_saw(const struct command *c, struct decision *out)
{
    char reads[DECLARED_READS_MAX][STREAM_TEXT];
    int count = reads_by_note(c, reads);
    for (int i = 0; i < count; i++) {
        const void *state;
        TRY(read_state(out, reads[i], &state));
        answer(out, arena_printf(out->arena, "read %d", i),
               arena_printf(out->arena, "%d", (int)((const struct own_state *)state)->events));
    }
    return writes_own(c, out);
}

static void begin_reading(void)
{
    for (int i = 0; i < STREAMS; i++)
        new_id(ids[i]);
    begin_with(tells_what_it_saw);
    declares_now = reads_by_note;
}

static const char *body_of(const int *seen, int count)
{
    static char text[200];
    int length = 0;
    text[0] = '\0';
    for (int i = 0; i < count; i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s\"read %d\":\"%d\"",
                           i ? "," : "", i, seen[i]);
    return text;
}

/* While the first append is held, all of the others queue up for the batches behind it. */
static void check_in_order(struct pending *const *all, const int *streams, int total)
{
    int events[STREAMS] = {0}, seen[DECLARED_READS_MAX];
    struct pg *holder = hold_first();
    for (int i = 0; i < total; i++)
        put(all[i]);
    pg_free(holder);
    for (int i = 0; i <= total; i++) {
        struct pending *p = get();
        CHECK_INT(p->outcome, COMMITTED);
        if (!i)
            drop(p); /* the one that was held */
    }
    for (int i = 0; i < total; i++) {
        const char *note = all[i]->command.UpdateReportStatus.note;
        int count = 0;
        for (; note && note[count]; count++)
            seen[count] = events[note[count] - '0'];
        CHECK_TEXT(all[i]->body, body_of(seen, count));
        events[streams[i]]++;
        drop(all[i]);
    }
}

TEST(a_command_sees_what_was_written_before_to_the_second_stream_it_reads)
{
    static const int streams[] = {0, 1, 2, 0};
    begin_reading();
    struct pending *const all[] = {
        command(&officer, on(ids[0], NULL), NULL), command(&officer, on(ids[1], "20"), NULL),
        command(&officer, on(ids[2], "340"), NULL), command(&officer, on(ids[0], "12"), NULL)};
    check_in_order(all, streams, 4);
    end_rules();
}

TEST(many_commands_with_several_reads_each_are_decided_as_one_after_the_other)
{
    static const char *const notes[] = {NULL, "0", "12", "340", "04", "1234", "31"};
    struct pending *all[COMMANDS_AT_ONCE];
    int streams[COMMANDS_AT_ONCE];
    unsigned seed = 7;
    begin_reading();
    for (int i = 0; i < COMMANDS_AT_ONCE; i++) {
        const char *note = notes[(size_t)rand_r(&seed) % (sizeof(notes) / sizeof(notes[0]))];
        streams[i] = rand_r(&seed) % STREAMS;
        all[i] = command(&officer, on(ids[streams[i]], note), NULL);
    }
    check_in_order(all, streams, COMMANDS_AT_ONCE);
    end_rules();
}

/* Two that only read the same streams share a batch: both appends are one transaction. */
TEST(commands_that_only_read_the_same_streams_share_a_commit)
{
    begin_reading();
    struct pg *holder = hold_first();
    put(command(&officer, on(ids[0], "234"), NULL));
    put(command(&officer, on(ids[1], "432"), NULL));
    pg_free(holder);
    for (int i = 0; i < 3; i++)
        drop(get());
    CHECK_INT(count("SELECT count(DISTINCT xmin::text) FROM es_event WHERE type = "
                    "'report.status.updated'"),
              2);
    end_rules();
}
