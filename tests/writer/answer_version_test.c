/* answer_version_test.c -- the version that an answer shows is that of the stream the decision is
 * about, as it is after the command: the writer counts it, whatever else the command writes. */
#include "tests/writer/own_rules.h"

static char own_id[UUID_TEXT], other_id[UUID_TEXT], other_name[STREAM_TEXT];
enum { OTHER_VERSION = 3 }; /* when a test begins to count */

/* The note says what is done, a letter each: read the other stream, write it, write its own, be
 * about the other one, refuse. */
static fallible as_noted(const struct command *c, struct decision *out)
{
    const void *state;
    bool refused = false;
    for (const char *what = c->UpdateReportStatus.note; *what; what++)
        switch (*what) {
        case 'r': TRY(read_state(out, other_name, &state)); break;
        case 'w': emit_to(c, other_name, out); break;
        case 'o': TRY(writes_own(c, out)); break;
        case 'a': out->about = arena_text(out->arena, other_name); break;
        case 'x': refused = true; break;
        }
    return refused ? NO_SUCH_REPORT : NULL;
}

static void begin_counting(void)
{
    new_id(own_id);
    new_id(other_id);
    stream_name("report", other_id, other_name);
    begin_with(as_noted);
    for (int i = 0; i < OTHER_VERSION; i++)
        drop(run(&officer, on(other_id, "o"), NULL));
}

static void check(const char *note, enum outcome outcome, int64_t version)
{
    char key[UUID_TEXT];
    uuid_new(key);
    struct pending *p = run(&officer, on(own_id, note), key);
    CHECK_INT(p->outcome, outcome);
    CHECK_INT(p->version, version);
    if (outcome == COMMITTED) {
        struct pending *again = run(&officer, on(own_id, note), key);
        CHECK_INT(again->outcome, REPLAYED);
        CHECK_INT(again->version, version);
        CHECK_INT(again->position, p->position);
        drop(again);
    }
    drop(p);
}

TEST(of_two_streams_that_are_written_the_version_of_the_commands_own_is_shown)
{
    begin_counting();
    check("row", COMMITTED, 1);
    check("rwo", COMMITTED, 2);
    check("roowww", COMMITTED, 4);
    check("rww", COMMITTED, 4); /* its own is only read */
    end_rules();
}

TEST(of_two_streams_that_are_written_the_version_of_the_one_it_is_about_is_shown)
{
    begin_counting();
    check("rawo", COMMITTED, OTHER_VERSION + 1);
    check("raoww", COMMITTED, OTHER_VERSION + 3);
    check("rao", COMMITTED, OTHER_VERSION + 3); /* that one is only read */
    end_rules();
}

TEST(about_another_stream_without_an_event_its_version_and_position_are_shown)
{
    begin_counting();
    int64_t position = count("SELECT max(position) FROM es_event WHERE version = 3");
    check("ra", CHECKED, OTHER_VERSION);
    struct pending *p = run(&officer, on(own_id, "ra"), NULL);
    CHECK_INT(p->position, position);
    drop(p);
    check("raox", CHECKED, OTHER_VERSION); /* refused: nothing of it was written */
    check("ox", CHECKED, 0);
    end_rules();
}

/* Its version is not known, nor would the append confirm it. */
TEST(a_rule_that_is_about_a_stream_it_has_not_read_is_refused)
{
    begin_counting();
    new_id(other_id);
    stream_name("report", other_id, other_name);
    struct pending *p = run(&officer, on(own_id, "oa"), NULL);
    CHECK_PROBLEM(p->problem, RULE_BROKEN);
    CHECK_TEXT(p->decision.broken, "It is about a stream that it has not read.");
    CHECK_INT(count_of_moves(), OTHER_VERSION);
    drop(p);
    check("o", COMMITTED, 1); /* the next one passes */
    end_rules();
}
