/* http_target.c -- path and query string. evhttp hands both over undecoded; its own query parser is
 * not used: it fails as a whole on one argument without `=`, keeps repeats and cuts values at %00.
 */
#include "platform/http/http_internal.h"

#include <event2/http.h>

#include "base/text.h"
#include "base/banned.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes `length` bytes into the arena. NULL: a broken escape, %00, or not UTF-8. */
static const char *decode(struct arena *a, const char *s, size_t length, bool plus_is_space)
{
    char *out = arena_alloc(a, length + 1);
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '+' && plus_is_space) {
            out[n++] = ' ';
            continue;
        }
        if (s[i] != '%') {
            out[n++] = s[i];
            continue;
        }
        int high = i + 2 < length ? hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
        if (low < 0 || high + low == 0)
            return NULL;
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return text_characters(out, n) < 0 ? NULL : out;
}

static bool is_visible(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s >= 0x7f)
            return false;
    return true;
}

/* `//host/path` would be read as a host by libevent: the path must begin with one slash. */
fallible target_split(struct http_request *r)
{
    const char *uri = evhttp_request_get_uri(r->raw);
    const struct evhttp_uri *parsed = evhttp_request_get_evhttp_uri(r->raw);
    r->path = r->query = NULL;
    if (!uri || !parsed || !is_visible(uri) || strchr(uri, '#') || text_starts(uri, "//"))
        return NO_SUCH_ROUTE;
    const char *path = evhttp_uri_get_path(parsed);
    if (!path || *path != '/')
        return NO_SUCH_ROUTE;
    r->path = path;
    r->query = evhttp_uri_get_query(parsed);
    return NULL;
}

/* ---- the query string ---- */

static fallible add_parameter(struct http_request *r, const char *at, size_t length,
                              struct fault *f)
{
    const char *equals = memchr(at, '=', length);
    size_t name_length = equals ? (size_t)(equals - at) : length;
    const char *name = decode(&r->arena, at, name_length, true);
    const char *value =
        equals ? decode(&r->arena, equals + 1, length - name_length - 1, true) : NULL;
    if (!name || !*name)
        return fault_at(f, BAD_PARAMETER, NULL, "The name of a query parameter cannot be read.");
    if (!equals)
        return fault_at(f, BAD_PARAMETER, name, "A query parameter has the form name=value.");
    if (!value)
        return fault_at(f, BAD_PARAMETER, name, "The value is not percent-encoded UTF-8 text.");
    if (http_parameter(r, name))
        return fault_at(f, REPEATED_PARAMETER, name, NULL);
    if (r->parameter_count == PARAMETERS)
        return fault_at(f, UNKNOWN_PARAMETER, name, "There are too many query parameters.");
    r->parameters[r->parameter_count++] = (struct pair){name, value};
    return NULL;
}

fallible target_read_query(struct http_request *r, struct fault *f)
{
    const char *at = r->query;
    while (at && *at) {
        size_t length = strcspn(at, "&");
        TRY(add_parameter(r, at, length, f));
        at += length + (at[length] == '&');
        if (!*at && at[-1] == '&')
            return fault_at(f, BAD_PARAMETER, NULL, "The query string ends in an ampersand.");
    }
    return NULL;
}

/* ---- routes ---- */

struct parsed_route {
    const struct http_route *route;
    int count, named;
    struct {
        const char *text; /* the literal, or the name */
        bool is_name;
    } segments[SEGMENTS];
};

struct routes {
    struct arena arena;
    int count;
    struct parsed_route *at; /* as by_names orders them */
};

static void parse_route(struct arena *a, const struct http_route *route, struct parsed_route *out)
{
    *out = (struct parsed_route){.route = route};
    if (text_equal(route->path, "/"))
        return;
    for (const char *at = route->path; *at == '/'; out->count++) {
        size_t length = strcspn(++at, "/");
        if (out->count == SEGMENTS || !length)
            abort(); /* a constant of the program */
        bool is_name = at[0] == '{' && at[length - 1] == '}';
        out->segments[out->count].is_name = is_name;
        out->segments[out->count].text =
            is_name ? arena_bytes(a, at + 1, length - 2) : arena_bytes(a, at, length);
        out->named += is_name;
        at += length;
    }
}

/* Those with fewer names first; of as many, those whose names stand further behind: a brace is
 * greater than what a literal holds. Rows of one path stay in their order. */
static int by_names(const void *one, const void *other)
{
    const struct parsed_route *a = one, *b = other;
    int paths = strcmp(a->route->path, b->route->path);
    if (a->named != b->named)
        return a->named - b->named;
    return paths ? paths : (a->route > b->route) - (a->route < b->route);
}

struct routes *routes_new(const struct http_route *routes, int count)
{
    struct routes *t = must_alloc(1, sizeof(*t));
    t->at = arena_array(&t->arena, (size_t)count, sizeof(*t->at));
    for (t->count = 0; t->count < count; t->count++)
        parse_route(&t->arena, &routes[t->count], &t->at[t->count]);
    qsort(t->at, (size_t)count, sizeof(*t->at), by_names);
    return t;
}

void routes_free(struct routes *t)
{
    if (!t)
        return;
    arena_release(&t->arena);
    free(t);
}

/* Decoded, none empty, a dot segment or holding a slash: else there is nothing there. */
static fallible split_path(struct http_request *r, const char **out, int *count)
{
    *count = 0;
    if (text_equal(r->path, "/"))
        return NULL;
    for (const char *at = r->path; *at == '/';) {
        size_t length = strcspn(++at, "/");
        if (*count == SEGMENTS || !length)
            return NO_SUCH_ROUTE;
        const char *s = decode(&r->arena, at, length, false);
        if (!s || strchr(s, '/') || text_equal(s, ".") || text_equal(s, ".."))
            return NO_SUCH_ROUTE;
        out[(*count)++] = s;
        at += length;
    }
    return NULL;
}

static bool fits(const struct parsed_route *p, const char *const *segments, int count)
{
    if (p->count != count)
        return false;
    for (int i = 0; i < count; i++)
        if (!p->segments[i].is_name && !text_equal(p->segments[i].text, segments[i]))
            return false;
    return true;
}

static bool same_shape(const struct parsed_route *a, const struct parsed_route *b)
{
    for (int i = 0; i < a->count; i++)
        if (a->segments[i].is_name != b->segments[i].is_name)
            return false;
    return true;
}

static bool takes_method(const struct parsed_route *p, const char *method)
{
    return text_equal(p->route->method, method) ||
           (text_equal(method, "HEAD") && text_equal(p->route->method, "GET"));
}

static void take_route(struct http_request *r, const struct parsed_route *p,
                       const char *const *segments)
{
    r->route = p->route;
    for (int i = 0; i < p->count; i++)
        if (p->segments[i].is_name)
            r->segments[r->segment_count++] = (struct pair){p->segments[i].text, segments[i]};
}

/* The path alone chooses the template, the first that fits; then the method chooses. */
fallible routes_match(const struct routes *t, struct http_request *r)
{
    const char *segments[SEGMENTS];
    int count;
    const struct parsed_route *first = NULL;
    TRY(split_path(r, segments, &count));
    for (const struct parsed_route *p = t->at; p < t->at + t->count; p++) {
        if (!fits(p, segments, count) || (first && !same_shape(first, p)))
            continue;
        first = first ? first : p;
        if (takes_method(p, r->method)) {
            take_route(r, p, segments);
            return p->route->handle ? NULL : WRONG_SERVICE;
        }
        const char *also = text_equal(p->route->method, "GET") ? ", HEAD" : "";
        r->allow = arena_printf(&r->arena, "%s%s%s%s", r->allow ? r->allow : "",
                                r->allow ? ", " : "", p->route->method, also);
    }
    return first ? WRONG_METHOD : NO_SUCH_ROUTE;
}
