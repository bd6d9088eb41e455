/* postgres_uri.c -- what can be said of a connection's address before anybody connects. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "platform/postgres/postgres_internal.h"
#include "platform/process/settings.h"
#include "base/banned.h"

static inline void options_cleanup(PQconninfoOption **options)
{
    PQconninfoFree(*options);
}
#define scoped_options __attribute__((cleanup(options_cleanup))) PQconninfoOption

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options && options->keyword; options++)
        if (text_equal(options->keyword, keyword))
            return options->val ? options->val : "";
    return "";
}

const char *pg_uri_fault(const char *uri, struct arena *a)
{
    char *why = NULL;
    int64_t port;
    scoped_options *options = PQconninfoParse(uri, &why);
    if (!options) {
        size_t length = strcspn(why ? why : "", "\":\n"); /* then comes what was given */
        const char *fault =
            arena_printf(a, "is not a libpq URI: %.*s", (int)length, why ? why : "");
        PQfreemem(why);
        return fault;
    }
    const char *given = option(options, "port");
    if (*given && !strchr(given, ',') && (!text_to_int(given, &port) || port < 1 || port > 65535))
        return "names a port that is not one";
    return NULL;
}

fallible pg_passfile_check(const char *uri)
{
    scoped_options *options = PQconninfoParse(uri, NULL);
    const char *path = option(options, "passfile");
    return *path ? secret_check(path) : NULL;
}
