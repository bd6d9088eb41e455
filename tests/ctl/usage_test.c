/* usage_test.c -- how the verbs are called: help, man page and completion agree, and whoever calls
 * one wrongly is told which word it was. */
#include "tests/ctl/small_city.h"

static const struct {
    const char *name, *arguments, *what, *example;
} rows[] = {
#define VERB(name, call, arguments, what, more, example) {name, arguments, what, example},
#include "ctl/verbs.def"
#undef VERB
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const char *const options[] = {
#define OPTION(name, value, what) name,
#include "ctl/options.def"
#undef OPTION
    NULL};

static const char *page(struct arena *a, const char *name)
{
    struct small_city c = {.log_url = "", .views_url = ""};
    CHECK_INT(ctl(&c, "--%s", name), 0);
    return arena_text(a, output);
}

TEST(each_verb_stands_in_the_help_the_man_page_and_the_completion)
{
    scoped_arena a = {0};
    struct small_city c = {.log_url = "", .views_url = ""};
    const char *help = page(&a, "help"), *man = page(&a, "man");
    const char *completion = page(&a, "completion");
    const char *list = strstr(completion, "    *) echo '");
    CHECK(list != NULL);
    for (int i = 0; list && i < ROWS; i++) {
        const char *name = rows[i].name;
        const char *usage = arena_printf(&a, "citywatchctl %s %s", name, rows[i].arguments);
        if (!strstr(help, usage) || !strstr(help, rows[i].example))
            test_fail(__FILE__, __LINE__, name, "not in --help", usage);
        if (!strstr(man, arena_printf(&a, "\n.TP\n.B %s\n", name)))
            test_fail(__FILE__, __LINE__, name, "not in --man", name);
        if (!strstr(completion, arena_printf(&a, "\n    %s) echo '", name)) ||
            !strstr(list, arena_printf(&a, "%s ", name)))
            test_fail(__FILE__, __LINE__, name, "not in --completion", name);
        CHECK_INT(ctl(&c, "%s --help", name), 0);
        CHECK(said(rows[i].what));
        CHECK_INT(ctl(&c, "help %s", name), 0);
        CHECK(said(rows[i].what));
    }
    CHECK_INT(ctl(&c, "help nothing"), 2);
}

/* Ends *at behind the next option of `arguments`; NULL if there is none. */
static const char *next_option(struct arena *a, const char **at)
{
    const char *found = strstr(*at, "--");
    if (!found)
        return NULL;
    size_t length = strspn(found, "abcdefghijklmnopqrstuvwxyz-");
    *at = found + length;
    return arena_bytes(a, found, length);
}

static void check_options(struct arena *a, int i, const char *man, const char *completion)
{
    struct small_city c = {.log_url = "", .views_url = ""};
    const char *words = strstr(completion, arena_printf(a, "\n    %s) echo '", rows[i].name));
    const char *line = words ? arena_bytes(a, words + 1, strcspn(words + 1, "\n")) : "";
    const char *at = rows[i].arguments;
    CHECK_INT(ctl(&c, "%s --help", rows[i].name), 0);
    for (const char *option; (option = next_option(a, &at));) {
        scoped_text escaped = {0};
        for (const char *s = option; *s; s++)
            text_printf(&escaped, *s == '-' ? "\\-" : "%c", *s);
        if (!strstr(man, arena_printf(a, "\n.TP\n.B %s\n", text_value(&escaped))))
            test_fail(__FILE__, __LINE__, rows[i].name, "has no row in ctl/options.def", option);
        if (!strstr(line, arena_printf(a, " %s ", option)) &&
            !strstr(line, arena_printf(a, "'%s ", option)))
            test_fail(__FILE__, __LINE__, rows[i].name, "not in --completion", option);
        CHECK(said(arena_printf(a, "\n    %s ", option)));
    }
}

TEST(each_option_stands_in_the_man_page_and_the_completion)
{
    scoped_arena a = {0};
    const char *man = page(&a, "man"), *completion = page(&a, "completion");
    for (int i = 0; i < ROWS; i++)
        check_options(&a, i, man, completion);
}

TEST(each_row_of_the_options_belongs_to_a_verb)
{
    scoped_arena a = {0};
    for (const char *const *o = options; *o; o++) {
        bool found = false;
        for (int i = 0; i < ROWS; i++) {
            const char *at = rows[i].arguments;
            for (const char *option; (option = next_option(&a, &at));)
                found = found || text_equal(option, *o);
        }
        if (!found)
            test_fail(__FILE__, __LINE__, *o, "no verb of ctl/verbs.def takes it", NULL);
    }
}

/* citywatchctl compares them itself as soon as a verb reads its options, and ends if they differ.
 */
TEST(each_verb_reads_the_options_that_its_row_names)
{
    struct small_city c = {.log_url = "", .views_url = ""};
    for (int i = 0; i < ROWS; i++) {
        CHECK_INT(ctl(&c, "%s --no-such-option", rows[i].name), 2);
        CHECK(said("there is no option \"--no-such-option\" here"));
    }
}

TEST(the_man_page_and_the_completion_are_well_formed)
{
    const char *folder = test_folder();
    test_shell(CITYWATCHCTL " --completion >%s/bash && bash -n %s/bash", folder, folder);
    test_shell("bash -c '. %s/bash; COMP_WORDS=(citywatchctl parked re); COMP_CWORD=2; "
               "_citywatchctl; test \"${COMPREPLY[*]}\" = retry; "
               "COMP_WORDS=(citywatchctl rebuild report_l); _citywatchctl; "
               "test \"${COMPREPLY[*]}\" = report_list; "
               "COMP_WORDS=(citywatchctl account add a --role OFF); COMP_CWORD=5; _citywatchctl; "
               "test \"${COMPREPLY[*]}\" = OFFICER'",
               folder);
    test_shell(CITYWATCHCTL " --man >%s/man", folder);
    test_shell("LC_ALL=C groff -man -Tascii -ww %s/man 2>&1 >/dev/null | (! grep .)", folder);
    test_shell("if command -v mandoc >/dev/null; then mandoc -T lint -W error %s/man; fi", folder);
}

/* As it is shown: no option stands within the brackets of another. */
TEST(the_man_page_nests_no_brackets)
{
    scoped_arena a = {0};
    const char *text = page(&a, "man");
    int depth = 0, deepest = 0;
    for (const char *at = text; *at; at++) {
        depth += (*at == '[') - (*at == ']');
        deepest = depth > deepest ? depth : deepest;
    }
    CHECK_INT(depth, 0);
    CHECK_INT(deepest, 1);
}

TEST(a_verb_that_is_called_wrongly_says_how)
{
    static const char *const wrong[] = {"tail --from 0",
                                        "tail --from 1 --since 1h",
                                        "tail --since later",
                                        "tail x",
                                        "lag now",
                                        "groups --all",
                                        "parked",
                                        "parked show x",
                                        "parked discard a b",
                                        "parked discard a b --reason ''",
                                        "trim --keep 0",
                                        "trim --keep many",
                                        "republish now",
                                        "epoch",
                                        "epoch lower",
                                        "epoch show --yes",
                                        "account disable",
                                        "account role abc",
                                        "account list --yes",
                                        "account role a --role KING"};
    struct small_city c = {.log_url = "", .views_url = ""};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_INT(ctl(&c, "%s", wrong[i]), 2);
}

/* Each names the word that is wrong, and how it is called. */
TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *words, *named;
    } wrong[] = {{"tail --typ x", "\"--typ\""},
                 {"tail --type report.create", "\"report.create\""},
                 {"tail --type report.created,,report.upvoted", "type of events \"\""},
                 {"tail --type report.created,", "type of events \"\""},
                 {"tail --category reports", "category of streams \"reports\""},
                 {"tail --subject report.created", "\"report.created\""},
                 {"tail --last 0", "--last"},
                 {"tail --last 5 --from 1", "exclude each other"},
                 {"tail --to", "--to needs a value"},
                 {"tail --json --json", "--json is given twice"},
                 {"tail -n 5", "\"-n\""},
                 {"lag now", "\"now\""},
                 {"groups --all", "\"--all\""},
                 {"verify store nothing", "no view \"nothing\""},
                 {"parked", "list, show, retry or discard"},
                 {"parked lst", "\"lst\""},
                 {"parked list report_list", "takes no view"},
                 {"parked retry a b --json", "takes no --json"},
                 {"parked show a", "which view and stream"},
                 {"trim --kep 1", "\"--kep\""},
                 {"republish --json", "\"--json\""},
                 {"epoch lower", "\"lower\""},
                 {"rebuild report_lst", "\"report_lst\""},
                 {"rebuild report_list case_inbox", "\"case_inbox\""},
                 {"rebuild report_list --changed", "--changed goes with no view"},
                 {"rebuild --changed --drop", "--changed goes with no view"},
                 {"migrate both", "\"both\""},
                 {"key make a b", "\"make\""},
                 {"settings html", "\"html\""}};
    scoped_arena a = {0};
    struct small_city c = {.log_url = "", .views_url = ""};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_INT(ctl(&c, "%s", wrong[i].words), 2);
        CHECK(said(wrong[i].named));
        const char *verb = arena_bytes(&a, wrong[i].words, strcspn(wrong[i].words, " "));
        CHECK(said(arena_printf(&a, "Usage: citywatchctl %s ", verb)));
    }
}
