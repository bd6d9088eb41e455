/* documents.c -- responses made once at start, gzip included. */
#include "query-api/documents.h"

#include "base/embedded.h"
#include "base/members.h"
#include "events/event.h"
#include "query-api/pages.h"
#include "query-api/query_api.h"
#include "query-api/response.h"
#include "base/banned.h"

extern const struct embedded schema_files[]; /* "report.created.v1.json" */
extern const struct embedded openapi_files[];

enum { NAME_MAX_BYTES = 96, DATE_BYTES = 11 };
static const char cache_control[] = "public, max-age=300";

struct documents {
    struct pages *pages;
    struct response *index, *openapi; /* openapi: NULL if there is none */
    struct response **schemas;        /* as schema_files */
    int count;
};

/* "report.created" and 1 from a file's name; false for another kind of file. */
static bool split_name(const char *file, char type[NAME_MAX_BYTES], int64_t *version)
{
    char digits[8] = "";
    const char *end = strstr(file, ".json"), *v = end;
    while (v && v > file && strncmp(v, ".v", 2) != 0)
        v--;
    if (!v || v == file || v - file >= NAME_MAX_BYTES || end - v - 2 >= (long)sizeof(digits))
        return false;
    memcpy(type, file, (size_t)(v - file));
    type[v - file] = '\0';
    memcpy(digits, v + 2, (size_t)(end - v - 2));
    return text_to_int(digits, version);
}

static const char *state_of(const char *type, int64_t version)
{
    int t;
    if (!event_type_from(type, &t))
        return "removed";
    return event_version(t) == version ? "active" : "deprecated";
}

static struct response *document(struct text *body, const char *content_type)
{
    struct response_facts facts = {.position = -1, .content_type = content_type};
    size_t length = body->length;
    return response_new(text_take(body), length, &facts, true);
}

static struct response *document_of(const struct embedded *file, const char *content_type)
{
    struct text body = {0};
    text_append(&body, file->text);
    return document(&body, content_type);
}

/* Its "x-published", which every schema has; "" if there is no such schema. */
static const char *published(const char *type, int64_t version, char date[DATE_BYTES])
{
    scoped_arena a = {0};
    struct members schema;
    char name[NAME_MAX_BYTES + 16];
    snprintf(name, sizeof(name), "%s.v%lld.json", type, (long long)version);
    date[0] = '\0';
    for (const struct embedded *f = schema_files; f->name; f++) {
        bool ok = text_equal(f->name, name) && members_read(f->text, &a, &schema);
        const struct member *m = ok ? members_find(&schema, "x-published") : NULL;
        if (m)
            snprintf(date, DATE_BYTES, "%.*s", (int)m->text.length, m->text.at);
    }
    return date;
}

/* What replaced it is the next version: from that day on it is deprecated. */
static void append_entry(struct text *out, const char *type, int64_t version)
{
    char since[DATE_BYTES], until[DATE_BYTES];
    text_printf(out, "{\"type\":\"%s\",\"version\":%lld,\"state\":\"%s\",\"published\":\"%s\"",
                type, (long long)version, state_of(type, version), published(type, version, since));
    if (*published(type, version + 1, until))
        text_printf(out, ",\"deprecated\":\"%s\"", until);
    text_printf(out, ",\"url\":\"/schemas/%s/%lld\"}", type, (long long)version);
}

static struct response *make_index(void)
{
    struct text body = {0};
    const char *comma = "";
    text_append(&body, "{\"data\":[");
    for (const struct embedded *f = schema_files; f->name; f++) {
        char type[NAME_MAX_BYTES];
        int64_t version;
        if (!split_name(f->name, type, &version))
            continue;
        text_append(&body, comma);
        append_entry(&body, type, version);
        comma = ",";
    }
    text_append(&body, "],\"next\":null}");
    return document(&body, NULL);
}

struct documents *documents_new(void)
{
    struct documents *d = must_alloc(1, sizeof(*d));
    while (schema_files[d->count].name)
        d->count++;
    d->schemas = must_alloc((size_t)d->count + 1, sizeof(struct response *));
    for (int i = 0; i < d->count; i++)
        d->schemas[i] = document_of(&schema_files[i], "application/schema+json");
    d->index = make_index();
    d->pages = pages_new();
    if (openapi_files[0].name)
        d->openapi = document_of(&openapi_files[0], NULL);
    return d;
}

void documents_free(struct documents *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->count; i++)
        response_drop(d->schemas[i]);
    response_drop(d->index);
    response_drop(d->openapi);
    pages_free(d->pages);
    free(d->schemas);
    free(d);
}

/* ---- handlers ---- */

void document_serve(struct http_request *r, struct response *response,
                    const struct problem *missing)
{
    const char *name, *value;
    if (http_parameters(r) > 0) {
        http_parameter_at(r, 0, &name, &value);
        struct fault f = {.field = name};
        http_refuse(r, UNKNOWN_PARAMETER, &f);
    } else if (!response) {
        http_refuse(r, missing, NULL);
    } else {
        response_send(response, r, cache_control, false, -1);
    }
}

static const struct documents *documents_of(const struct http_request *r)
{
    const struct query_api *api = http_context(r);
    return api->documents;
}

void document_root(struct http_request *r, const void *row)
{
    (void)row;
    document_serve(r, pages_root(documents_of(r)->pages, http_header(r, HTTP_ACCEPT)), NULL);
}

void document_problem_index(struct http_request *r, const void *row)
{
    (void)row;
    document_serve(
        r, pages_problems(documents_of(r)->pages, http_header(r, HTTP_ACCEPT), http_language(r)),
        NULL);
}

void document_problem(struct http_request *r, const void *row)
{
    (void)row;
    document_serve(r,
                   pages_problem(documents_of(r)->pages, http_segment(r, "name"),
                                 http_header(r, HTTP_ACCEPT), http_language(r)),
                   NO_SUCH_PROBLEM);
}

void document_openapi(struct http_request *r, const void *row)
{
    (void)row;
    document_serve(r, documents_of(r)->openapi, NO_SUCH_ITEM);
}

void document_schema_index(struct http_request *r, const void *row)
{
    (void)row;
    document_serve(r, documents_of(r)->index, NO_SUCH_ITEM);
}

void document_schema(struct http_request *r, const void *row)
{
    (void)row;
    const struct documents *d = documents_of(r);
    struct response *found = NULL;
    const char *file = arena_printf(http_arena(r), "%s.v%s.json", http_segment(r, "type"),
                                    http_segment(r, "version"));
    for (int i = 0; i < d->count && !found; i++)
        if (text_equal(schema_files[i].name, file))
            found = d->schemas[i];
    document_serve(r, found, NO_SUCH_SCHEMA);
}
