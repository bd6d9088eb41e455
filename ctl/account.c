/* account.c -- citywatchctl account add|list. */
#include "platform/account.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "base/time.h"
#include "ctl/ctl.h"
#include "base/banned.h"

enum { TIMEOUT_MS = 10000, LINE_MAX_BYTES = 1024 };

struct wish {
    const char *name, *role, *agency, *password_file;
    bool if_absent;
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

static bool read_options(int argc, char **argv, struct wish *w)
{
    const struct {
        const char *name;
        const char **to;
    } options[] = {
        {"--role", &w->role}, {"--agency", &w->agency}, {"--password-file", &w->password_file}};
    for (int i = 0; i < argc; i++) {
        const char **to = NULL;
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++)
            if (text_equal(argv[i], options[k].name))
                to = options[k].to;
        if (to && !*to && i + 1 < argc)
            *to = argv[++i];
        else if (text_equal(argv[i], "--if-absent"))
            w->if_absent = true;
        else if (!to && !w->name && argv[i][0] != '-')
            w->name = argv[i];
        else
            return false;
    }
    return w->name && w->role;
}

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

static int add_account(struct pg *c, const struct wish *w)
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
    return p ? failed("%s: %s %s", w->name, p->title, pg_message(c)) : DONE;
}

static int verb_add(int argc, char **argv)
{
    struct wish w = {0};
    if (!read_options(argc, argv, &w))
        return wrong_usage(
            "account add <name> --role ROLE [--agency AGENCY] [--password-file FILE|-]");
    if (!role_from(w.role))
        return wrong_usage("there is no role \"%s\".", w.role);
    if (!read_password(w.password_file, w.password))
        return failed("there is no password to read.");
    struct pg *c = database_of_environment(TIMEOUT_MS);
    int code = c ? add_account(c, &w) : FAILED;
    pg_free(c);
    password_wipe(w.password);
    return code;
}

/* ---- list ---- */

static int verb_list(void)
{
    struct pg *c = database_of_environment(TIMEOUT_MS);
    if (!c)
        return FAILED;
    scoped_rows *rows = NULL;
    const struct problem *p = accounts_list(c, &rows);
    for (int i = 0; !p && i < rows_count(rows); i++)
        printf("%-24s %-10s %-20s %-8s %s %s\n", rows_text(rows, i, 0), rows_text(rows, i, 1),
               rows_text(rows, i, 2) ? rows_text(rows, i, 2) : "-",
               text_equal(rows_text(rows, i, 3), "t") ? "disabled" : "active",
               rows_text(rows, i, 4), rows_text(rows, i, 5));
    int code = p ? failed("%s %s", p->title, pg_message(c)) : DONE;
    pg_free(c);
    return code;
}

int verb_account(int argc, char **argv)
{
    if (argc > 0 && text_equal(argv[0], "add"))
        return verb_add(argc - 1, argv + 1);
    if (argc == 1 && text_equal(argv[0], "list"))
        return verb_list();
    return wrong_usage("account what? add or list.");
}
