/* pages.c -- the root and the problems, as JSON and as pages. */
#include "query-api/pages.h"

#include "base/text.h"
#include "events/problems.h"
#include "platform/http.h"
#include "query-api/response.h"
#include "base/banned.h"

struct forms {
    struct response *json, *page;
};

struct pages {
    struct forms root, problems;
    struct forms *each; /* as problem_at */
    int count;
};

/* ---- which form ---- */

/* 0 to 1000: that of one element, its parameters, "a/b;q=0.8", or 1000. */
static int weight_of(const char *element, size_t length)
{
    for (const char *p = element; p + 2 < element + length; p++) {
        if ((p[0] != 'q' && p[0] != 'Q') || p[1] != '=' || (p[-1] != ';' && p[-1] != ' '))
            continue;
        int weight = p[2] == '1' ? 1000 : 0, digit = 100;
        for (p += 3; weight < 1000 && digit && p < element + length; p++)
            if (*p >= '0' && *p <= '9') {
                weight += (*p - '0') * digit;
                digit /= 10;
            }
        return weight;
    }
    return 1000;
}

/* How much a media type is wanted: the element that names it most exactly counts. */
static int wanted(const char *accept, const char *exact, const char *group)
{
    const char *const ranges[] = {"*/*", group, exact};
    int best = -1, weight = 0;
    for (const char *s = accept; *(s += strspn(s, " \t,"));) {
        size_t whole = strcspn(s, ","), name = strcspn(s, " \t,;");
        for (int i = 0; i < 3; i++)
            if (i > best && strlen(ranges[i]) == name && strncasecmp(s, ranges[i], name) == 0) {
                best = i;
                weight = weight_of(s, whole);
            }
        s += whole;
    }
    return weight;
}

bool prefers_page(const char *accept)
{
    return accept && wanted(accept, "text/html", "text/*") >
                         wanted(accept, "application/json", "application/*");
}

static struct response *chosen(const struct forms *f, const char *accept)
{
    return prefers_page(accept) ? f->page : f->json;
}

/* ---- writing ---- */

static void append_html(struct text *out, const char *s)
{
    for (; *s; s++)
        if (*s == '<')
            text_append(out, "&lt;");
        else if (*s == '&')
            text_append(out, "&amp;");
        else
            text_append_char(out, *s);
}

static void begin_page(struct text *out, const char *title)
{
    text_printf(out,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n"
                "<h1>%s</h1>\n",
                title, title);
}

static struct response *made(struct text *body, const char *content_type)
{
    struct response_facts facts = {.position = -1, .content_type = content_type, .by_accept = true};
    size_t length = body->length;
    return response_new(text_take(body), length, &facts, true);
}

static struct forms forms_of(struct text *json, struct text *page)
{
    return (struct forms){made(json, NULL), made(page, "text/html; charset=utf-8")};
}

/* ---- the root ---- */

#define LINK(name, path, what) {#name, path, what},
#define QUERY(...)
#define ROUTE(...)
#define BULK(...)
#define ACCOUNT(...)
static const struct {
    const char *name, *path, *what;
} links[] = {
    {"openapi", "/openapi.json", "The whole interface, as OpenAPI 3.1"},
    {"schemas", "/schemas", "The events and their JSON Schemas"},
    {"problems", "/problems", "What a refusal means"},
    {"health", "/health", "How the city is"},
#include "lists/routes.def"
};
enum { LINKS = sizeof(links) / sizeof(links[0]) };

static struct forms make_root(void)
{
    struct text json = {0}, page = {0};
    text_printf(&json, "{\"name\":\"Citywatch\",\"version\":\"%s\",\"links\":{", CITYWATCH_VERSION);
    begin_page(&page, "Citywatch " CITYWATCH_VERSION);
    text_append(&page, "<p>Citizens report crimes and civic issues; officers work them.\n<ul>\n");
    for (int i = 0; i < LINKS; i++) {
        text_printf(&json, "%s\"%s\":\"%s\"", i ? "," : "", links[i].name, links[i].path);
        text_printf(&page, "<li><a href=\"%s\">%s</a>\n", links[i].path, links[i].what);
    }
    text_append(&json, "},\"success\":true}");
    text_append(&page, "</ul>\n</html>\n");
    return forms_of(&json, &page);
}

/* ---- the problems ---- */

/* What who is refused can do about it. */
static const char *advice(enum problem_kind kind)
{
    switch (kind) {
    case INVALID:
        return "Nothing was changed. The answer's detail and field say what to mend; the same "
               "request "
               "gets the same answer.";
    case UNAUTHENTICATED:
        return "Nothing was changed. Log in or refresh the access token, then repeat the request.";
    case FORBIDDEN:
        return "Nothing was changed. Another account may do it; repeating does not help.";
    case MISSING:
        return "Nothing was changed. What one may not see is answered like what does not exist.";
    case NOT_ALLOWED: return "Nothing was changed. The header Allow names the methods of the path.";
    case TIMED_OUT: return "Nothing was changed. Send the request again, and faster.";
    case CONFLICT:
        return "Nothing was changed: things stand otherwise than the request expects. Read them "
               "again "
               "and decide anew.";
    case PRECONDITION:
        return "Nothing was changed. Read the item again and decide anew, with its new ETag.";
    case TOO_LARGE: return "Nothing was changed. Send less at once.";
    case MISDIRECTED:
        return "Nothing was changed. This is a fault of the installation: tell its operator.";
    case MISMATCH: return "Nothing was changed. Another request needs another Idempotency-Key.";
    case BUSY:
        return "Nothing was changed. Repeat the request after the seconds of Retry-After, with the "
               "same "
               "Idempotency-Key.";
    case UNAVAILABLE:
        return "A change may have been made or not. Repeat the request after the seconds of "
               "Retry-After, with the same Idempotency-Key: then it is made once.";
    case BROKEN:
        return "A fault of the service. Its log holds the answer's request_id: tell the operator.";
    }
    return "";
}

static void append_problem(struct text *json, const struct problem *p)
{
    char type[PROBLEM_TYPE];
    text_printf(json, "{\"type\":\"%s\",\"title\":", problem_type(p, type));
    text_append_json(json, p->title);
    text_printf(json, ",\"status\":%d,\"advice\":", problem_status(p));
    text_append_json(json, advice(p->kind));
}

static struct forms make_problem(const struct problem *p)
{
    struct text json = {0}, page = {0};
    char type[PROBLEM_TYPE];
    append_problem(&json, p);
    text_append(&json, ",\"success\":true}");
    begin_page(&page, problem_type(p, type) + sizeof("/problems/") - 1);
    text_printf(&page, "<p>Status %d: ", problem_status(p));
    append_html(&page, p->title);
    text_append(&page, "\n<p>");
    append_html(&page, advice(p->kind));
    text_append(&page, "\n<p><a href=\"/problems\">All problems</a>\n</html>\n");
    return forms_of(&json, &page);
}

static struct forms make_index(int count)
{
    struct text json = {0}, page = {0};
    char type[PROBLEM_TYPE];
    text_append(&json, "{\"data\":[");
    begin_page(&page, "Problems");
    text_append(&page, "<ul>\n");
    for (int i = 0; i < count; i++) {
        const struct problem *p = problem_at(i);
        text_append(&json, i ? "," : "");
        append_problem(&json, p);
        text_append_char(&json, '}');
        text_printf(&page, "<li>%d <a href=\"%s\">", problem_status(p), problem_type(p, type));
        append_html(&page, p->title);
        text_append(&page, "</a>\n");
    }
    text_append(&json, "],\"next\":null,\"success\":true}");
    text_append(&page, "</ul>\n</html>\n");
    return forms_of(&json, &page);
}

/* ---- life ---- */

struct pages *pages_new(void)
{
    struct pages *p = must_alloc(1, sizeof(*p));
    while (problem_at(p->count))
        p->count++;
    p->root = make_root();
    p->problems = make_index(p->count);
    p->each = must_alloc((size_t)p->count, sizeof(*p->each));
    for (int i = 0; i < p->count; i++)
        p->each[i] = make_problem(problem_at(i));
    return p;
}

static void drop(struct forms *f)
{
    response_drop(f->json);
    response_drop(f->page);
}

void pages_free(struct pages *p)
{
    if (!p)
        return;
    drop(&p->root);
    drop(&p->problems);
    for (int i = 0; i < p->count; i++)
        drop(&p->each[i]);
    free(p->each);
    free(p);
}

struct response *pages_root(const struct pages *p, const char *accept)
{
    return chosen(&p->root, accept);
}

struct response *pages_problems(const struct pages *p, const char *accept)
{
    return chosen(&p->problems, accept);
}

struct response *pages_problem(const struct pages *p, const char *name, const char *accept)
{
    char type[PROBLEM_TYPE];
    for (int i = 0; i < p->count; i++)
        if (text_equal(problem_type(problem_at(i), type) + sizeof("/problems/") - 1, name))
            return chosen(&p->each[i], accept);
    return NULL;
}
