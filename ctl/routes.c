/* routes.c -- citywatchctl routes caddy: the gateway's routes. Caddy 2.6 matches paths without
 * regard to case and answers 200 to what nothing matches, so each path is a regular expression of
 * its own, and its other methods are a 405. Uses the snippets of tools/conf/Caddyfile. */
#include "ctl/ctl.h"

#include <string.h>

#include "base/text.h"
#include "ctl/options.h"
#include "base/banned.h"

struct row {
    const char *method, *path, *service;
};

#define ROUTE(method, path, ...)    {#method, path, "command-api"},
#define ACCOUNT(method, path, ...)  {#method, path, "command-api"},
#define QUERY(method, path, ...)    {#method, path, "query-api"},
#define DOCUMENT(method, path, ...) {#method, path, "query-api"},
static const struct row rows[] = {
#include "command-api/account_routes.def"
#include "command-api/routes.def"
#include "query-api/routes.def"
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool has_parameter(const char *path)
{
    return strchr(path, '{') != NULL;
}

static bool is_first(int i)
{
    for (int k = 0; k < i; k++)
        if (text_equal(rows[k].path, rows[i].path))
            return false;
    return true;
}

/* "/schemas/{type}/{version}" becomes ^/schemas/[^/]+/[^/]+$ */
static void write_pattern(const char *path, struct text *out)
{
    text_append_char(out, '^');
    for (const char *p = path; *p; p++) {
        if (*p == '{') {
            text_append(out, "[^/]+");
            p = strchr(p, '}');
            continue;
        }
        if (*p == '.')
            text_append_char(out, '\\');
        text_append_char(out, *p);
    }
    text_append_char(out, '$');
}

/* The path's methods at one service, or at both if `service` is NULL; a GET answers HEAD too. */
static bool write_methods(const char *path, const char *service, const char *between,
                          struct text *out)
{
    size_t before = out->length;
    for (int i = 0; i < ROWS; i++) {
        if (!text_equal(rows[i].path, path) || (service && !text_equal(rows[i].service, service)))
            continue;
        text_printf(out, "%s%s", out->length > before ? between : "", rows[i].method);
        if (text_equal(rows[i].method, "GET"))
            text_printf(out, "%sHEAD", between);
    }
    return out->length > before;
}

static void write_service(int n, const char *path, const char *service, struct text *out)
{
    scoped_text methods = {0};
    if (!write_methods(path, service, " ", &methods))
        return;
    text_printf(out, "\t@%d-%s method %s\n\thandle @%d-%s {\n\t\timport %s\n\t}\n", n, service,
                text_value(&methods), n, service, service);
}

static void write_path(int n, const char *path, struct text *out)
{
    text_printf(out, "# %s\n@path-%d path_regexp ", path, n);
    write_pattern(path, out);
    text_printf(out, "\nhandle @path-%d {\n", n);
    write_service(n, path, "command-api", out);
    write_service(n, path, "query-api", out);
    text_append(out, "\thandle {\n\t\timport method-not-allowed \"");
    write_methods(path, NULL, ", ", out);
    text_append(out, "\"\n\t}\n}\n");
}

int verb_routes(int argc, char **argv)
{
    scoped_text out = {0};
    const char *word = NULL;
    const struct option none[] = {{NULL, NULL, NULL}};
    if (!options_read(argc, argv, none, &word, 1))
        return usage();
    if (!text_equal(word, "caddy"))
        return wrong_word(word, "caddy");
    text_append(&out,
                "# Made by `citywatchctl routes caddy` from the tables of the services' routes.\n");
    for (int with = 0; with < 2; with++) /* a path without a parameter wins over one with it */
        for (int i = 0; i < ROWS; i++)
            if (is_first(i) && has_parameter(rows[i].path) == with)
                write_path(i, rows[i].path, &out);
    return fputs(text_value(&out), stdout) < 0 ? FAILED : DONE;
}
