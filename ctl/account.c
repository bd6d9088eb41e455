/* account.c -- citywatchctl account add|list|disable|enable|role|password. */
#include "platform/account.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "base/time.h"
#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/table.h"
#include "base/banned.h"

enum { TIMEOUT_MS = 10000, LINE_MAX_BYTES = 1024 };

struct wish {
    const char *name, *role, *agency, *password_file;
    bool if_absent, yes, json;
    char password[LINE_MAX_BYTES];
};

/* ---- the password ---- */

static bool read_line(FILE *f, char out[LINE_MAX_BYTES])
{
    if (!fgets(out, LINE_MAX_BYTES, f))
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static bool ask_password(char out[LINE_MAX_BYTES])
{
    struct termios was, silent;
    if (tcgetattr(STDIN_FILENO, &was))
        return false;
    silent = was;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fputs("Password: ", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool ok = read_line(stdin, out);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    return ok;
}

static bool read_password(const char *path, char out[LINE_MAX_BYTES])
{
    if (!path)
        return ask_password(out);
    if (text_equal(path, "-"))
        return read_line(stdin, out);
    FILE *f = fopen(path, "re");
    bool ok = f && read_line(f, out);
    if (f)
        fclose(f);
    return ok;
}

/* ---- add ---- */

static fallible add(struct pg *c, const struct wish *w, bool *found)
{
    char correlation[UUID_TEXT];
    int64_t position;
    struct account a = {.role = role_from(w->role)};
    uuid_new(a.user_id);
    snprintf(a.user_name, sizeof(a.user_name), "%s", w->name);
    snprintf(a.agency, sizeof(a.agency), "%s", w->agency ? w->agency : "");
    struct account old;
    TRY(account_by_name(c, w->name, &old, found));
    if (*found)
        return NAME_TAKEN;
    TRY(password_hash(w->password, a.hash));
    struct origin o = {.correlation_id = uuid_new(correlation)};
    return account_register(c, &a, &o, &position);
}

static int add_account(struct pg *c, struct wish *w)
{
    struct fault f = {0};
    bool found = false;
    const struct problem *p = account_check(w->name, w->password, &f);
    if (!p)
        p = account_check_role(role_from(w->role), w->agency ? w->agency : "", &f);
    if (p)
        return failed("%s: %s", f.field, f.detail ? f.detail : p->title);
    p = add(c, w, &found);
    if (p == NAME_TAKEN && w->if_absent)
        return DONE;
    return p ? failed_by(p, w->name) : DONE;
}

static int verb_add(struct pg *c, struct wish *w)
{
    if (!read_password(w->password_file, w->password))
        return failed("there is no password to read.");
    return add_account(c, w);
}

/* ---- list ---- */

static const struct column columns[] = {{"name", false},  {"role", false},    {"agency", false},
                                        {"state", false}, {"created", false}, {"user_id", false}};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), STATE = 3 };

static int verb_list(struct pg *c, struct wish *w)
{
    scoped_rows *rows = NULL;
    scoped_table t = table_of(columns, COLUMNS);
    const struct problem *p = accounts_list(c, &rows);
    if (p)
        return failed_by(p, "account list");
    for (int i = 0; i < rows_count(rows); i++) {
        const char *cells[COLUMNS];
        for (int k = 0; k < COLUMNS; k++)
            cells[k] = rows_text(rows, i, k);
        cells[STATE] = text_equal(cells[STATE], "t") ? "disabled" : "active";
        table_add(&t, cells);
    }
    table_print(&t, w->json);
    return DONE;
}

/* ---- changes ---- */

/* DONE, or the exit code after a sentence. */
static int find(struct pg *c, const struct wish *w, struct account *out)
{
    bool found;
    const struct problem *p = account_by_name(c, w->name, out, &found);
    if (p)
        return failed_by(p, w->name);
    return found ? DONE : failed("there is no account \"%s\".", w->name);
}

static int verb_disable(struct pg *c, struct wish *w)
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
    fprintf(
        stderr,
        "%s is disabled: its sessions have ended, and tokens with a role version below %lld are "
        "refused.\n",
        a.user_name, (long long)version);
    return DONE;
}

static int verb_enable(struct pg *c, struct wish *w)
{
    struct account a;
    char correlation[UUID_TEXT];
    int code = find(c, w, &a);
    if (code)
        return code;
    struct origin o = {.correlation_id = uuid_new(correlation)};
    const struct problem *p = account_enable(c, a.user_id, &o);
    if (p)
        return failed_by(p, w->name);
    fprintf(stderr, "%s may log in%s.\n", a.user_name, a.disabled ? " again" : " as before");
    return DONE;
}

static int verb_role(struct pg *c, struct wish *w)
{
    struct account a;
    struct fault f = {0};
    int64_t version;
    char correlation[UUID_TEXT];
    const char *agency = w->agency ? w->agency : "";
    const struct problem *p = account_check_role(role_from(w->role), agency, &f);
    if (p)
        return failed("%s: %s", f.field, f.detail ? f.detail : p->title);
    int code = find(c, w, &a);
    if (code)
        return code;
    struct origin o = {.correlation_id = uuid_new(correlation)};
    p = account_set_role(c, a.user_id, role_from(w->role), agency, &o, &version);
    if (p)
        return failed_by(p, w->name);
    fprintf(stderr, "%s is %s %s; tokens with a role version below %lld are refused.\n",
            a.user_name, w->role, agency, (long long)version);
    return DONE;
}

static int change_password(struct pg *c, struct wish *w, struct account *a)
{
    struct fault f = {0};
    int64_t version;
    char correlation[UUID_TEXT];
    const struct problem *p = account_check(a->user_name, w->password, &f);
    if (p)
        return failed("%s: %s", f.field, f.detail ? f.detail : p->title);
    p = password_hash(w->password, a->hash);
    struct origin o = {.correlation_id = uuid_new(correlation)};
    if (!p)
        p = account_set_password(c, a->user_id, a->hash, &o, &version);
    if (p)
        return failed_by(p, w->name);
    fprintf(
        stderr,
        "%s has another password: the sessions of the old one have ended, and tokens with a role "
        "version below %lld are refused.\n",
        a->user_name, (long long)version);
    return DONE;
}

static int verb_password(struct pg *c, struct wish *w)
{
    struct account a;
    int code = find(c, w, &a);
    if (code)
        return code;
    if (!read_password(w->password_file, w->password))
        return failed("there is no password to read.");
    return change_password(c, w, &a);
}

/* ---- which one ---- */

enum { NAME = 1, ROLE = 2, AGENCY = 4, PASSWORD = 8, IF_ABSENT = 16, YES = 32, JSON = 64 };

static const struct {
    const char *word;
    int (*call)(struct pg *c, struct wish *w);
    int needs, takes; /* what must be given, and what may be */
    const char *usage;
} rows[] = {
    {"add", verb_add, NAME | ROLE, AGENCY | PASSWORD | IF_ABSENT,
     "account add <name> --role ROLE [--agency AGENCY] [--password-file FILE|-] [--if-absent]"},
    {"list", verb_list, 0, JSON, "account list [--json]"},
    {"disable", verb_disable, NAME, YES, "account disable <name> [--yes]"},
    {"enable", verb_enable, NAME, 0, "account enable <name>"},
    {"role", verb_role, NAME | ROLE, AGENCY, "account role <name> --role ROLE [--agency AGENCY]"},
    {"password", verb_password, NAME, PASSWORD, "account password <name> [--password-file FILE|-]"},
};

static int given(const struct wish *w)
{
    return (w->name ? NAME : 0) | (w->role ? ROLE : 0) | (w->agency ? AGENCY : 0) |
           (w->password_file ? PASSWORD : 0) | (w->if_absent ? IF_ABSENT : 0) | (w->yes ? YES : 0) |
           (w->json ? JSON : 0);
}

static int run(size_t i, struct wish *w)
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
    struct wish w = {0};
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
