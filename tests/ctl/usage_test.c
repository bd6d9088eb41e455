/* usage_test.c -- how the verbs are called: help, man page and completion agree, and whoever calls
 * one wrongly is told which word it was. */
#include "tests/ctl/small_city.h"

static const struct {
    const char *name, *arguments, *what, *example;
} verbs[] = {
#define VERB(name, call, arguments, what, example) {name, arguments, what, example},
#include "ctl/verbs.def"
#undef VERB
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const char *file_text(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *s = arena_alloc(a, 65536);
    CHECK(f && fread(s, 1, 65535, f) > 0);
    if (f)
        fclose(f);
    return s;
}

TEST(each_verb_stands_in_the_help_the_man_page_and_the_completion)
{
    scoped_arena a = {0};
    struct small_city c = {.log_url = "", .views_url = ""};
    const char *man = file_text(&a, SOURCE_DIR "/ctl/citywatchctl.1");
    const char *completion = file_text(&a, SOURCE_DIR "/ctl/citywatchctl.bash");
    const char *list = strstr(completion, "    *) echo '");
    CHECK(list != NULL);
    for (int i = 0; i < VERBS; i++) {
        CHECK_INT(ctl(&c, "--help"), 0);
        CHECK(said(arena_printf(&a, "citywatchctl %s %s", verbs[i].name, verbs[i].arguments)));
        CHECK(said(arena_printf(&a, "Example: %s", verbs[i].example)));
        CHECK_INT(ctl(&c, "%s --help", verbs[i].name), 0);
        CHECK(said(verbs[i].what));
        const char *words[] = {
            arena_printf(&a, "\n.It Cm %s ", verbs[i].name),
            arena_printf(&a, "\n    %s)", verbs[i].name), arena_printf(&a, " | %s)", verbs[i].name),
            arena_printf(&a, "\n    %s |", verbs[i].name), arena_printf(&a, " %s ", verbs[i].name)};
        if (!strstr(man, words[0]))
            test_fail(__FILE__, __LINE__, verbs[i].name, "not in ctl/citywatchctl.1", NULL);
        bool completes = strstr(completion, words[1]) || strstr(completion, words[2]) ||
                         strstr(completion, words[3]);
        if (!completes || (list && !strstr(list, words[4]) && i > 0))
            test_fail(__FILE__, __LINE__, verbs[i].name, "not in ctl/citywatchctl.bash", NULL);
        CHECK_INT(ctl(&c, "help %s", verbs[i].name), 0);
        CHECK(said(verbs[i].what));
    }
    CHECK_INT(ctl(&c, "help nothing"), 2);
}

/* Each option of a verb, in the man page's line and the completion's. */
TEST(each_option_stands_in_the_man_page_and_the_completion)
{
    scoped_arena a = {0};
    const char *man = file_text(&a, SOURCE_DIR "/ctl/citywatchctl.1");
    const char *completion = file_text(&a, SOURCE_DIR "/ctl/citywatchctl.bash");
    for (int i = 0; i < VERBS; i++) {
        const char *entry = strstr(man, arena_printf(&a, "\n.It Cm %s ", verbs[i].name));
        for (const char *at = verbs[i].arguments; (at = strstr(at, "--")); at++) {
            size_t length = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
            const char *option = arena_bytes(&a, at, length);
            if (!entry || !strstr(entry, arena_printf(&a, "Fl %s", option + 1)))
                test_fail(__FILE__, __LINE__, verbs[i].name, "not in the man page", option);
            if (!strstr(completion, option))
                test_fail(__FILE__, __LINE__, verbs[i].name, "not in the completion", option);
        }
    }
}

TEST(the_man_page_and_the_completion_are_well_formed)
{
    test_shell("bash -n " SOURCE_DIR "/ctl/citywatchctl.bash");
    test_shell("bash -c '. " SOURCE_DIR "/ctl/citywatchctl.bash; COMP_WORDS=(citywatchctl parked "
               "re); COMP_CWORD=2; _citywatchctl; test \"${COMPREPLY[*]}\" = retry'");
    test_shell("if command -v mandoc >/dev/null; then mandoc -T lint -W error " SOURCE_DIR
               "/ctl/citywatchctl.1; fi");
}

/* As it is shown: no option stands within the brackets of another. */
TEST(the_man_page_nests_no_brackets)
{
    scoped_arena a = {0};
    const char *shown = arena_printf(&a, "%s/man", test_folder());
    test_shell("LC_ALL=C nroff -mdoc " SOURCE_DIR "/ctl/citywatchctl.1 >%s", shown);
    const char *text = file_text(&a, shown);
    int depth = 0, deepest = 0;
    for (const char *at = text; *at; at++) {
        if (at[0] == '\033' && at[1] == '[') /* a change of type */
            at += strcspn(at, "m");
        depth += (*at == '[') - (*at == ']');
        deepest = depth > deepest ? depth : deepest;
    }
    CHECK_INT(depth, 0);
    CHECK_INT(deepest, 1);
    CHECK(strstr(text, "NAME") != NULL || strstr(text, "N\bN") != NULL);
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
