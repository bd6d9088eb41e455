/* pages.c -- the root and the problems, as JSON and as pages. */
#include "query-api/pages.h"

#include "base/text.h"
#include "events/problems.h"
#include "platform/http/http.h"
#include "query-api/response.h"
#include "base/banned.h"

struct forms {
    struct response *json, *page;
};

struct pages {
    struct forms root, problems[LANGUAGES];
    struct forms *each; /* as problem_at, each in all languages */
    int count;
};

/* ---- which form ---- */

int accept_wants(const char *accept, const char *exact, const char *group)
{
    const char *const ranges[] = {"*/*", group, exact};
    int best = -1, weight = 0;
    for (const char *s = accept; *(s += strspn(s, " \t,"));) {
        size_t whole = strcspn(s, ","), name = strcspn(s, " \t,;");
        for (int i = 0; i < 3; i++)
            if (i > best && strlen(ranges[i]) == name && strncasecmp(s, ranges[i], name) == 0) {
                best = i;
                weight = accept_weight(s, whole);
            }
        s += whole;
    }
    return weight;
}

bool prefers_page(const char *accept)
{
    return accept && accept_wants(accept, "text/html", "text/*") >
                         accept_wants(accept, "application/json", "application/*");
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

static void begin_page(struct text *out, enum text_language language, const char *title)
{
    text_printf(out,
                "<!DOCTYPE html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n<title>%s</title>\n"
                "<h1>%s</h1>\n",
                language_tags[language], title, title);
}

/* `language`: tag, or NULL for what there is in one language alone. */
static struct response *made(struct text *body, const char *content_type, const char *language)
{
    struct response_facts facts = {
        .position = -1, .content_type = content_type, .by_accept = true, .language = language};
    size_t length = body->length;
    return response_new(text_take(body), length, &facts, true);
}

static struct forms forms_of(struct text *json, struct text *page, const char *language)
{
    return (struct forms){made(json, NULL, language),
                          made(page, "text/html; charset=utf-8", language)};
}

/* ---- the root ---- */

#define LINK(name, path, what) {#name, path, what},
#define QUERY(...)
#define ROUTE(...)
#define BULK(...)
#define FIX(...)
#define FIX_AND(...)
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
    begin_page(&page, ENGLISH, "Citywatch " CITYWATCH_VERSION);
    text_append(&page, "<p>Citizens report crimes and civic issues; officers work them.\n<ul>\n");
    for (int i = 0; i < LINKS; i++) {
        text_printf(&json, "%s\"%s\":\"%s\"", i ? "," : "", links[i].name, links[i].path);
        text_printf(&page, "<li><a href=\"%s\">%s</a>\n", links[i].path, links[i].what);
    }
    text_append(&json, "},\"success\":true}");
    text_append(&page, "</ul>\n</html>\n");
    return forms_of(&json, &page, NULL);
}

/* ---- the problems ---- */

static const char *advice(enum problem_kind kind, enum text_language language)
{
    switch (kind) {
#define ADVICE(KIND, ...) \
    case KIND:            \
        return ((const char *const[LANGUAGES]){__VA_ARGS__})[language];
#include "query-api/advice.def"
#undef ADVICE
    }
    return "";
}

static void append_problem(struct text *json, const struct problem *p, enum text_language language)
{
    char type[PROBLEM_TYPE];
    text_printf(json, "{\"type\":\"%s\",\"title\":", problem_type(p, type));
    text_append_json(json, problem_title(p, language));
    text_printf(json, ",\"status\":%d,\"advice\":", problem_status(p));
    text_append_json(json, advice(p->kind, language));
}

static struct forms make_problem(const struct problem *p, enum text_language language)
{
    static const char *const all[LANGUAGES] = {"All problems", "Semua masalah"};
    struct text json = {0}, page = {0};
    char type[PROBLEM_TYPE];
    append_problem(&json, p, language);
    text_append(&json, ",\"success\":true}");
    begin_page(&page, language, problem_type(p, type) + sizeof("/problems/") - 1);
    text_printf(&page, "<p>Status %d: ", problem_status(p));
    append_html(&page, problem_title(p, language));
    text_append(&page, "\n<p>");
    append_html(&page, advice(p->kind, language));
    text_printf(&page, "\n<p><a href=\"/problems\">%s</a>\n</html>\n", all[language]);
    return forms_of(&json, &page, language_tags[language]);
}

static struct forms make_index(int count, enum text_language language)
{
    static const char *const title[LANGUAGES] = {"Problems", "Masalah"};
    struct text json = {0}, page = {0};
    char type[PROBLEM_TYPE];
    text_append(&json, "{\"data\":[");
    begin_page(&page, language, title[language]);
    text_append(&page, "<ul>\n");
    for (int i = 0; i < count; i++) {
        const struct problem *p = problem_at(i);
        text_append(&json, i ? "," : "");
        append_problem(&json, p, language);
        text_append_char(&json, '}');
        text_printf(&page, "<li>%d <a href=\"%s\">", problem_status(p), problem_type(p, type));
        append_html(&page, problem_title(p, language));
        text_append(&page, "</a>\n");
    }
    text_append(&json, "],\"next\":null,\"success\":true}");
    text_append(&page, "</ul>\n</html>\n");
    return forms_of(&json, &page, language_tags[language]);
}

/* ---- life ---- */

struct pages *pages_new(void)
{
    struct pages *p = must_alloc(1, sizeof(*p));
    while (problem_at(p->count))
        p->count++;
    p->root = make_root();
    for (int l = 0; l < LANGUAGES; l++)
        p->problems[l] = make_index(p->count, (enum text_language)l);
    p->each = must_alloc((size_t)p->count * LANGUAGES, sizeof(*p->each));
    for (int i = 0; i < p->count * LANGUAGES; i++)
        p->each[i] = make_problem(problem_at(i / LANGUAGES), (enum text_language)(i % LANGUAGES));
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
    for (int l = 0; l < LANGUAGES; l++)
        drop(&p->problems[l]);
    for (int i = 0; i < p->count * LANGUAGES; i++)
        drop(&p->each[i]);
    free(p->each);
    free(p);
}

struct response *pages_root(const struct pages *p, const char *accept)
{
    return chosen(&p->root, accept);
}

struct response *pages_problems(const struct pages *p, const char *accept,
                                enum text_language language)
{
    return chosen(&p->problems[language], accept);
}

struct response *pages_problem(const struct pages *p, const char *name, const char *accept,
                               enum text_language language)
{
    char type[PROBLEM_TYPE];
    for (int i = 0; i < p->count; i++)
        if (text_equal(problem_type(problem_at(i), type) + sizeof("/problems/") - 1, name))
            return chosen(&p->each[i * LANGUAGES + (int)language], accept);
    return NULL;
}
