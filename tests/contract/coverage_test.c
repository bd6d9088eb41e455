/* coverage_test.c -- nothing stands alone: each command has a route or a named sender, each event
 * type is shown by a view or named here as one that none shows, each first category has its agency,
 * each first policy its calendars. */
#include "tests/support/harness.h"

#include <glob.h>

#include "base/text.h"
#include "events/command.h"

static const char *const sent_by_the_service[] = {
    "FireLevel",       "ChangePolicy",  "PlanClock",       "LosePosition", "FindPosition",
    "TimeOutDispatch", "OfferReserved", "ReplaceDispatch", "EnterSeal",    NULL};
static const char *const shown_by_no_view[] = {
    "user.session.ended",
    "user.disabled",
    "user.enabled",
    "user.password.changed",
    "sla.planned",
    "sla.repoliced",
    "audit.sealed", /* citywatchctl reads it in the log */
    NULL};

static void append_file(struct text *all, const char *path)
{
    char part[4096];
    FILE *f = fopen(path, "rb");
    for (size_t n; f && (n = fread(part, 1, sizeof(part), f)) > 0;)
        text_append_bytes(all, part, n);
    if (f)
        fclose(f);
}

static void append_all(struct text *all, const char *pattern)
{
    glob_t files;
    CHECK_INT(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        append_file(all, files.gl_pathv[i]);
    globfree(&files);
}

/* `word` with no letter, digit, dot or underscore beside it, on a line that begins with `start`. */
static bool stands_in(const char *text, const char *start, const char *word)
{
    static const char *const inside =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
    for (const char *line = text; *line;
         line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != 0)) {
        size_t length = strcspn(line, "\n");
        for (const char *at = line;
             text_starts(line, start) && (at = strstr(at, word)) && at < line + length; at++)
            if (!strchr(inside, at[-1]) && (!at[strlen(word)] || !strchr(inside, at[strlen(word)])))
                return true;
    }
    return false;
}

static bool is_listed(const char *const *list, const char *word)
{
    return word_index(list, word) >= 0;
}

TEST(each_command_has_a_route_or_a_named_sender)
{
    scoped_text routes = {0};
    append_all(&routes, SOURCE_DIR "/features/*/routes.def");
    for (int c = 0; c < COMMAND_TYPES; c++)
        if (stands_in(text_value(&routes), "ROUTE(", command_name(c)) ==
            is_listed(sent_by_the_service, command_name(c)))
            test_fail(__FILE__, __LINE__, command_name(c), "a route and a sender, or neither",
                      NULL);
}

TEST(each_event_type_is_shown_by_a_view_or_named_as_one_that_none_shows)
{
    scoped_text views = {0};
    append_all(&views, SOURCE_DIR "/features/*/views/*.sql");
    for (int t = 0; t < EVENT_TYPES; t++)
        if (stands_in(text_value(&views), "-- :on ", event_name(t)) ==
            is_listed(shown_by_no_view, event_name(t)))
            test_fail(__FILE__, __LINE__, event_name(t), "shown and named, or neither", NULL);
}

static const struct start_row {
    int type;
    const char *target, *body;
} start_rows[] = {
#define START(command, target, body) {command, target, body},
#include "lists/start.def"
#undef START
};
enum { START_ROWS = sizeof(start_rows) / sizeof(start_rows[0]) };

static bool stands_before(int row, int type, const char *target)
{
    for (int i = 0; i < row; i++)
        if (start_rows[i].type == type && text_equal(start_rows[i].target, target))
            return true;
    return false;
}

/* The rule does not ask it of the system, whose first start must end. */
TEST(the_first_categories_belong_to_agencies_that_the_first_start_defines_before)
{
    scoped_arena a = {0};
    for (int i = 0; i < START_ROWS; i++) {
        struct DefineCategory body;
        if (start_rows[i].type != DefineCategory)
            continue;
        CHECK_OK(shape_read(command_shape(DefineCategory), start_rows[i].body,
                            strlen(start_rows[i].body), &a, &body, NULL));
        if (!stands_before(i, DefineAgency, body.agency))
            test_fail(__FILE__, __LINE__, start_rows[i].target, body.agency, "an agency");
    }
}

TEST(the_first_policies_run_by_calendars_that_the_first_start_defines_before)
{
    scoped_arena a = {0};
    int clocks = 0;
    for (int i = 0; i < START_ROWS; i++) {
        struct DefinePolicy body;
        if (start_rows[i].type != DefinePolicy)
            continue;
        CHECK_OK(shape_read(command_shape(DefinePolicy), start_rows[i].body,
                            strlen(start_rows[i].body), &a, &body, NULL));
        const struct PolicyClock *const all[] = {body.acknowledge, body.resolve, body.answer};
        for (int k = 0; k < 3; k++)
            if (all[k] && ++clocks && !stands_before(i, DefineCalendar, all[k]->calendar))
                test_fail(__FILE__, __LINE__, start_rows[i].target, all[k]->calendar, "a calendar");
    }
    CHECK(clocks > 0);
}
