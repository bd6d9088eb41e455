/* routes.c -- the rows of all routes.def as constant tables. */
#include "query-api/routes.h"

#include <stddef.h>

#include "query-api/documents.h"
#include "base/banned.h"

#define VIEW(name) #name,
const char *const view_names[VIEW_COUNT] = {
#include "lists/views.def"
};
#undef VIEW

#define VIEW(name)          [VIEW_##name] = USED_VIEW,
#define FILTERED_VIEW(name) [VIEW_##name] = USED_WHEN_FILTERED,
const struct view_set all_views = {{
#include "lists/views.def"
}};

#define PATH_ID(kind_of_stream) \
    {.kind = BIND_PATH_ID, .name = "id", .stream_kind = #kind_of_stream},
#define PATH_WORD(label) {.kind = BIND_PATH_WORD, .name = #label},
#define INT(label, least, greatest, otherwise) \
    {.kind = BIND_INT, .name = #label, .min = least, .max = greatest, .fallback = otherwise},
#define LIMIT INT(limit, 1, 200, "50")
#define NUMBER(label, least, greatest, with) \
    {.kind = BIND_NUMBER, .name = #label, .min = least, .max = greatest, .other = #with},
#define TEXT_FROM(label, least, characters) \
    {.kind = BIND_TEXT, .name = #label, .min = least, .max = characters},
#define TEXT(label, characters) TEXT_FROM(label, 1, characters)
#define ONE_OF(label, instead)  {.kind = BIND_ONE_OF, .name = #label, .other = #instead},
#define WORD(label, list, otherwise) \
    {.kind = BIND_WORD, .name = #label, .words = list, .fallback = otherwise},
#define FLAG(label)       {.kind = BIND_WORD, .name = #label, .words = flag_words},
#define USER(label)       {.kind = BIND_USER, .name = #label},
#define CURSOR_DOWN(keys) {.kind = BIND_CURSOR, .name = "cursor", .min = INT64_MAX, .max = keys},
#define CURSOR_UP(keys)   {.kind = BIND_CURSOR, .name = "cursor", .min = 0, .max = keys},
#define LANGUAGE          {.kind = BIND_LANGUAGE},
#define ACTOR             {.kind = BIND_ACTOR},
#define PSEUDONYM         {.kind = BIND_PSEUDONYM},
#define ROLE              {.kind = BIND_ROLE},
#define AGENCY            {.kind = BIND_AGENCY},
#define CHOSEN_AGENCY     {.kind = BIND_CHOSEN_AGENCY, .name = "agency", .min = 1, .max = 64},

static const char *const flag_words[] = {"true", "false", NULL};

#define QUERY(verb, at, roles, name, kind, seconds, named_views, otherwise, ...) \
    {#verb, at, roles, #name, kind, seconds, {{named_views}}, otherwise, {__VA_ARGS__}},
#define ROUTE(...)
#define BULK(...)
#define ACCOUNT(...)
#define LINK(...)
const struct route query_routes[] = {
#include "lists/routes.def"
    {.path = NULL}};

#define DOCUMENT(verb, at, call) {#verb, at, call},
const struct document_route document_routes[] = {
#include "query-api/routes.def"
    {.path = NULL}};
