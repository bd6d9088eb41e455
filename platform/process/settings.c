/* settings.c -- settings.def as a table: read, checked, logged and printed by the same rows. */
#include "platform/process/settings.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stddef.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/log.h"
#include "platform/http/http_address.h"
#include "platform/mongo/mongo.h"
#include "platform/postgres/postgres.h"
#include "platform/process/service_places.h"
#include "platform/identity/token.h"
#include "base/banned.h"

struct setting_row {
    const char *name; /* of the member; the variable is the same in capitals */
    size_t offset;
    enum {
        SETTING_TEXT,
        SETTING_INT,
        SETTING_WORD,
        SETTING_ADDRESS,
        SETTING_ADDRESSES,
        SETTING_SERVICE_PLACES,
        SETTING_DATABASE,
        SETTING_MONGODB,
        SETTING_FILE
    } kind;
    int64_t min, max;
    const char *words; /* of SETTING_WORD, with spaces between */
    enum { NO_FILE, LINE, BYTES_32, PRIVATE_KEY, PUBLIC_KEY } content; /* of SETTING_FILE */
    const char *fallback;                                              /* NULL: required */
    int services;
    const char *help;
};

#define TEXT             SETTING_TEXT, 0, 0, NULL, NO_FILE
#define INT(min, max)    SETTING_INT, min, max, NULL, NO_FILE
#define WORD_OF(words)   SETTING_WORD, 0, 0, words, NO_FILE
#define ADDRESS          SETTING_ADDRESS, 0, 0, NULL, NO_FILE
#define ADDRESSES        SETTING_ADDRESSES, 0, 0, NULL, NO_FILE
#define SERVICE_PLACES   SETTING_SERVICE_PLACES, 0, 0, NULL, NO_FILE
#define DATABASE         SETTING_DATABASE, 0, 0, NULL, NO_FILE
#define MONGODB          SETTING_MONGODB, 0, 0, NULL, NO_FILE
#define FILE_OF(content) SETTING_FILE, 0, 0, NULL, content
#define SETTING(name, kind, fallback, services, help) \
    {#name, offsetof(struct settings, name), kind, fallback, services, help},
static const struct setting_row rows[] = {
#include "platform/process/settings.def"
};
#undef SETTING

enum { ROWS = sizeof(rows) / sizeof(rows[0]), NAME_MAX_TEXT = 64 };

static const char *variable(const struct setting_row *row, char out[NAME_MAX_TEXT])
{
    size_t n = 0;
    for (; row->name[n] && n < NAME_MAX_TEXT - 1; n++)
        out[n] = (char)toupper((unsigned char)row->name[n]);
    out[n] = '\0';
    return out;
}

static bool is_listed_word(const char *words, const char *value)
{
    size_t length = strlen(value);
    if (!length || strchr(value, ' '))
        return false;
    for (const char *at = words; (at = strstr(at, value)); at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static bool is_address(const char *value)
{
    struct in6_addr any;
    return inet_pton(AF_INET, value, &any) == 1 || inet_pton(AF_INET6, value, &any) == 1;
}

static const char *uri_fault(const struct setting_row *row, const char *value, struct arena *a)
{
    if (row->kind == SETTING_DATABASE)
        return pg_uri_fault(value, a);
    return row->kind == SETTING_MONGODB && *value ? mongo_uri_fault(value, a) : NULL;
}

/* NULL, or why the value cannot be taken. */
static const char *read_value(const struct setting_row *row, const char *value,
                              struct settings *out, struct arena *a)
{
    void *member = (char *)out + row->offset;
    if (!value || (!*value && !row->fallback))
        return "is required and has no default";
    if (row->kind == SETTING_INT) {
        int64_t n;
        if (!text_to_int(value, &n) || n < row->min || n > row->max)
            return arena_printf(a, "is not a whole number from %lld to %lld", (long long)row->min,
                                (long long)row->max);
        *(int64_t *)member = n;
        return NULL;
    }
    if (row->kind == SETTING_WORD && !is_listed_word(row->words, value))
        return arena_printf(a, "is not one of: %s", row->words);
    if (row->kind == SETTING_ADDRESS && !is_address(value))
        return "is not an address such as 127.0.0.1, ::1 or 0.0.0.0";
    struct address_list list;
    if (row->kind == SETTING_ADDRESSES && !address_list_read(value, &list))
        return "is not a list of at most 16 addresses such as 127.0.0.1 ::1";
    if (row->kind == SETTING_SERVICE_PLACES && !service_places_valid(value))
        return "is not a list of services with addresses such as projector=10.0.0.5 sla-worker=::1";
    const char *wrong = uri_fault(row, value, a);
    if (wrong)
        return wrong;
    *(const char **)member = value;
    return NULL;
}

void settings_defaults(struct settings *out)
{
    scoped_arena a = {0};
    *out = (struct settings){0};
    for (const struct setting_row *row = rows; row < rows + ROWS; row++)
        if (row->fallback && read_value(row, row->fallback, out, &a))
            abort(); /* a default that its own row refuses */
}

fallible settings_read(enum service_bit service, struct settings *out)
{
    scoped_arena a = {0};
    const struct problem *p = NULL;
    char name[NAME_MAX_TEXT];
    *out = (struct settings){0};
    for (const struct setting_row *row = rows; row < rows + ROWS; row++) {
        if (!(row->services & (int)service))
            continue;
        const char *given = getenv(variable(row, name));
        const char *reason = read_value(row, given ? given : row->fallback, out, &a);
        if (!reason)
            continue;
        log_error("a setting cannot be used", KV("variable", (const char *)name),
                  KV("reason", reason), KV("for", row->help));
        p = NOT_STARTED;
    }
    return p;
}

static fallible check_file(const struct setting_row *row, const char *path)
{
    unsigned char bytes[32];
    char *line = NULL;
    struct token_key *key = NULL;
    const struct problem *p = NULL;
    switch (row->content) {
    case LINE: p = secret_read_text(path, &line); break;
    case BYTES_32: p = secret_read(path, bytes, sizeof(bytes)); break;
    case PRIVATE_KEY:
    case PUBLIC_KEY: p = token_key_read(path, row->content == PRIVATE_KEY, &key); break;
    case NO_FILE: break;
    }
    sodium_memzero(bytes, sizeof(bytes));
    free(line);
    token_key_free(key);
    return p;
}

fallible settings_check_files(enum service_bit service, const struct settings *s)
{
    const struct problem *p = NULL;
    for (const struct setting_row *row = rows; row < rows + ROWS; row++) {
        const char *value =
            row->kind == SETTING_INT ? NULL : *(const char *const *)((const char *)s + row->offset);
        if (!(row->services & (int)service) || !value || !*value)
            continue;
        const struct problem *one =
            row->kind == SETTING_DATABASE ? pg_passfile_check(value) : check_file(row, value);
        p = one ? one : p;
    }
    return p;
}

/* A password belongs into the passfile; one that stands in a URL all the same is not logged. */
static bool holds_password(const char *value)
{
    const char *user = strstr(value, "://");
    const char *host = user ? strchr(user, '@') : NULL;
    const char *colon = host ? strchr(user + 3, ':') : NULL;
    return strcasestr(value, "password=") || (colon && colon < host);
}

void settings_log(enum service_bit service, const struct settings *s)
{
    struct kv pairs[ROWS + 1] = {{0}};
    size_t n = 0;
    for (const struct setting_row *row = rows; row < rows + ROWS; row++) {
        const void *member = (const char *)s + row->offset;
        if (!(row->services & (int)service))
            continue;
        if (row->kind == SETTING_INT) {
            pairs[n++] = kv_int(row->name, *(const int64_t *)member);
            continue;
        }
        const char *value = *(const char *const *)member;
        pairs[n++] =
            kv_text(row->name, value && holds_password(value) ? "[has a password]" : value);
    }
    log_write(LOG_INFO, "settings", pairs);
}

void settings_help(enum service_bit service, struct text *out)
{
    char name[NAME_MAX_TEXT];
    for (const struct setting_row *row = rows; row < rows + ROWS; row++)
        if (row->services & (int)service)
            text_printf(out, "  %-24s %-12s %s\n", variable(row, name),
                        row->fallback ? row->fallback : "(required)", row->help);
}

static void append_services(int services, struct text *out)
{
    static const struct {
        enum service_bit bit;
        const char *name;
    } names[] = {{COMMAND_API, "command-api"},
                 {QUERY_API, "query-api"},
                 {PROJECTOR, "projector"},
                 {SLA_WORKER, "sla-worker"}};
    const char *separator = "";
    if (services == EVERY_SERVICE) {
        text_append(out, "all");
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (services & (int)names[i].bit) {
            text_printf(out, "%s%s", separator, names[i].name);
            separator = ", ";
        }
}

void settings_markdown(struct text *out)
{
    char name[NAME_MAX_TEXT];
    text_append(out, "| variable | default | services | meaning |\n|---|---|---|---|\n");
    for (const struct setting_row *row = rows; row < rows + ROWS; row++) {
        text_printf(out, "| `%s` | ", variable(row, name));
        if (!row->fallback)
            text_append(out, "required");
        else if (*row->fallback)
            text_printf(out, "`%s`", row->fallback);
        text_append(out, " | ");
        append_services(row->services, out);
        text_printf(out, " | %s |\n", row->help);
    }
}
