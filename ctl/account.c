/* account.c -- citywatchctl account add|list|disable|enable|role|password. */
#include "platform/identity/account.h"

#include "base/time.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/read_password.h"
#include "ctl/table.h"
#include "events/problems.h"
#include "base/banned.h"

enum { TIMEOUT_MS = 10000 };

struct account_request {
    const char *name, *role, *agency, *password_file;
    bool if_absent, yes, json;
    char password[PASSWORD_LINE];
};

static const char *agency_of(const struct account_request *w)
{
    return w->agency ? w->agency : "";
}

/* DONE, or the exit code after a sentence. */
static int check_role(const struct account_request *w)
{
    struct fault f = {0};
    const struct problem *p = account_check_role(role_from(w->role), agency_of(w), &f);
    return p ? failed("%s: %s", f.field, f.detail ? f.detail : p->title) : DONE;
}

/* What the account or its agency is refused for. */
static int role_refused(const struct problem *p, const struct account_request *w)
{
    return failed_by(p, p == NO_SUCH_AGENCY ? w->agency : w->name);
}

/* "OFFICER AGENCY_INFRA", "CITIZEN". */
static const char *post_of(struct arena *a, enum role role, const char *agency)
{
    return arena_join(a, role_name(role), agency[0] ? " " : "", agency);
}

/* ---- add ---- */

static fallible add(struct pg *c, struct account *a, const char *password, int64_t *position)
{
    char correlation[UUID_TEXT];
    struct origin o = {.correlation_id = uuid_new(correlation)};
    TRY(password_hash(password, a->hash));
    uuid_new(a->user_id);
    return account_register(c, a, &o, position);
}

static int is_there_already(const struct account_request *w, const struct account *old)
{
    if (!w->if_absent)
        return failed_by(NAME_TAKEN, w->name);
    scoped_arena arena = {0};
    print_sentence(stdout, "%s is there already, as %s; nothing was changed.", old->user_name,
                   post_of(&arena, old->role, old->agency));
    return DONE;
}

static int add_account(struct pg *c, const struct account_request *w, struct arena *arena)
{
    struct fault f = {0};
    bool found = false;
    int64_t position;
    const char *shown, *password;
    struct account a = {.role = role_from(w->role)}, old;
    const struct problem *p = account_check_name(arena, w->name, &shown, &f);
    if (!p)
        p = account_check_password(arena, w->password, &password, &f);
    if (p)
        return failed("%s: %s", f.field, f.detail ? f.detail : p->title);
    snprintf(a.user_name, sizeof(a.user_name), "%s", shown);
    snprintf(a.agency, sizeof(a.agency), "%s", agency_of(w));
    p = account_by_name(c, shown, &old, &found);
    if (!p && found)
        return is_there_already(w, &old);
    if (p)
        return role_refused(p, w);
    put_on_record();
    p = add(c, &a, password, &position);
    if (p)
        return role_refused(p, w);
    print_sentence(stdout, "%s was added as %s: user id %s, by the event at position %lld.",
                   a.user_name, post_of(arena, a.role, a.agency), a.user_id, (long long)position);
    return DONE;
}

static int verb_add(struct pg *c, struct account_request *w)
{
    struct arena arena = {0};
    int code = check_role(w);
    if (!code)
        code = read_password(w->password_file, w->password);
    if (!code)
        code = add_account(c, w, &arena);
    arena_wipe(&arena);
    return code;
}

/* ---- list ---- */

static const struct table_column columns[] = {{"name", false},    {"role", false},
                                              {"agency", false},  {"state", false},
                                              {"created", false}, {"user_id", false}};
/* For programs, as the API calls them. */
static const struct table_column members[] = {{"username", false},   {"role", false},
                                              {"agency", false},     {"disabled", true},
                                              {"created_at", false}, {"id", false}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), AGENCY_COLUMN = 2, STATE };

static void add_row(struct table *t, const struct rows *rows, int i, bool json)
{
    const char *cells[COLUMNS];
    for (int k = 0; k < COLUMNS; k++)
        cells[k] = rows_text(rows, i, k);
    bool disabled = text_equal(cells[STATE], "t");
    if (json)
        cells[STATE] = disabled ? "true" : "false";
    else
        cells[STATE] = disabled ? "disabled" : "active";
    if (json && !cells[AGENCY_COLUMN])
        cells[AGENCY_COLUMN] = "";
    table_add(t, cells);
}

static int verb_list(struct pg *c, struct account_request *w)
{
    scoped_rows *rows = NULL;
    scoped_table t = table_of(w->json ? members : columns, COLUMNS);
    const struct problem *p = accounts_list(c, &rows);
    if (p)
        return failed_by(p, "account list");
    for (int i = 0; i < rows_count(rows); i++)
        add_row(&t, rows, i, w->json);
    table_print(&t, w->json);
    return DONE;
}

/* ---- changes ---- */

/* DONE, or the exit code after a sentence. */
static int find(struct pg *c, const struct account_request *w, struct account *out)
{
    bool found;
    const struct problem *p = account_by_name(c, w->name, out, &found);
    if (p)
        return failed_by(p, w->name);
    return found ? DONE : failed("there is no account \"%s\".", w->name);
}

static int verb_disable(struct pg *c, struct account_request *w)
{
    struct account a;
    int64_t version;
    char correlation[UUID_TEXT];
    int code = find(c, w, &a);
    if (code)
        return code;
    if (!confirmed(w->yes,
                   "This disables %s (%s): all its sessions end, and it cannot log in until "
                   "somebody enables it again.",
                   a.user_name, role_name(a.role)))
        return FAILED;
    struct origin o = {.correlation_id = uuid_new(correlation)};
    const struct problem *p = account_disable(c, a.user_id, &o, &version);
    if (p)
        return failed_by(p, w->name);
    print_sentence(
        stderr,
        "%s is disabled: its sessions have ended, and tokens with a role version below %lld are "
        "refused.",
        a.user_name, (long long)version);
    return DONE;
}

static int verb_enable(struct pg *c, struct account_request *w)
{
    struct account a;
    char correlation[UUID_TEXT];
    int code = find(c, w, &a);
    if (code)
        return code;
    put_on_record();
    struct origin o = {.correlation_id = uuid_new(correlation)};
    const struct problem *p = account_enable(c, a.user_id, &o);
    if (p)
        return failed_by(p, w->name);
    print_sentence(stdout, "%s may log in%s.", a.user_name, a.disabled ? " again" : " as before");
    return DONE;
}

static int verb_role(struct pg *c, struct account_request *w)
{
    struct account a;
    int64_t version;
    char correlation[UUID_TEXT];
    const char *agency = agency_of(w);
    int code = check_role(w);
    if (!code)
        code = find(c, w, &a);
    if (code)
        return code;
    put_on_record();
    struct origin o = {.correlation_id = uuid_new(correlation)};
    const struct problem *p =
        account_set_role(c, a.user_id, role_from(w->role), agency, &o, &version);
    if (p)
        return role_refused(p, w);
    scoped_arena arena = {0};
    print_sentence(stdout, "%s is %s; tokens with a role version below %lld are refused.",
                   a.user_name, post_of(&arena, role_from(w->role), agency), (long long)version);
    return DONE;
}

static int change_password(struct pg *c, const struct account_request *w, struct account *a,
                           struct arena *arena)
{
    struct fault f = {0};
    const char *password;
    int64_t version;
    char correlation[UUID_TEXT];
    const struct problem *p = account_check_password(arena, w->password, &password, &f);
    if (p)
        return failed("%s: %s", f.field, f.detail ? f.detail : p->title);
    put_on_record();
    p = password_hash(password, a->hash);
    struct origin o = {.correlation_id = uuid_new(correlation)};
    if (!p)
        p = account_set_password(c, a->user_id, a->hash, &o, &version);
    if (p)
        return failed_by(p, w->name);
    print_sentence(
        stderr,
        "%s has another password: the sessions of the old one have ended, and tokens with a role "
        "version below %lld are refused.",
        a->user_name, (long long)version);
    return DONE;
}

static int verb_password(struct pg *c, struct account_request *w)
{
    struct account a;
    struct arena arena = {0};
    int code = find(c, w, &a);
    if (!code)
        code = read_password(w->password_file, w->password);
    if (!code)
        code = change_password(c, w, &a, &arena);
    arena_wipe(&arena);
    return code;
}

/* ---- which one ---- */

enum {
    NAME = 1,
    ROLE = 2,
    AGENCY = 4,
    PASSWORD = 8,
    IF_ABSENT = 16,
    YES = 32,
    JSON = 64,
};

static const struct {
    const char *word;
    int (*call)(struct pg *c, struct account_request *w);
    int needs, takes; /* what must be given, and what may be */
    const char *usage;
} rows[] = {
    {"add", verb_add, NAME | ROLE, AGENCY | PASSWORD | IF_ABSENT,
     "account add <name> --role ROLE [--agency AGENCY] [--password-file FILE|-] "
     "[--if-absent]"},
    {"list", verb_list, 0, JSON, "account list [--json]"},
    {"disable", verb_disable, NAME, YES, "account disable <name> [--yes]"},
    {"enable", verb_enable, NAME, 0, "account enable <name>"},
    {"role", verb_role, NAME | ROLE, AGENCY, "account role <name> --role ROLE [--agency AGENCY]"},
    {"password", verb_password, NAME, PASSWORD, "account password <name> [--password-file FILE|-]"},
};

static int given(const struct account_request *w)
{
    return (w->name ? NAME : 0) | (w->role ? ROLE : 0) | (w->agency ? AGENCY : 0) |
           (w->password_file ? PASSWORD : 0) | (w->if_absent ? IF_ABSENT : 0) | (w->yes ? YES : 0) |
           (w->json ? JSON : 0);
}

static int run(size_t i, struct account_request *w)
{
    int has = given(w);
    if ((has & rows[i].needs) != rows[i].needs || has & ~(rows[i].needs | rows[i].takes))
        return wrong_usage("%s", rows[i].usage);
    if (w->role && !role_from(w->role))
        return wrong_usage("there is no role \"%s\".", w->role);
    struct pg *c = database_of_environment(TIMEOUT_MS);
    int code = c ? rows[i].call(c, w) : FAILED;
    pg_free(c);
    password_wipe(w->password);
    return code;
}

int verb_account(int argc, char **argv)
{
    struct account_request w = {0};
    const char *words[2] = {NULL};
    const struct option options[] = {{"--role", &w.role, NULL},
                                     {"--agency", &w.agency, NULL},
                                     {"--password-file", &w.password_file, NULL},
                                     {"--if-absent", NULL, &w.if_absent},
                                     {"--yes", NULL, &w.yes},
                                     {"--json", NULL, &w.json},
                                     {NULL, NULL, NULL}};
    bool ok = options_read(argc, argv, options, words, 2);
    w.name = words[1];
    for (size_t i = 0; ok && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (text_equal(words[0], rows[i].word))
            return run(i, &w);
    return wrong_usage("account add, list, disable, enable, role or password.");
}
