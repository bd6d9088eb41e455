/* routes.c -- the rows of all routes.def as constant tables. */
#include "query-api/routes.h"

#include <stddef.h>

#include "events/bindings.def"
#include "query-api/audit_reads.h"
#include "query-api/documents.h"
#include "base/banned.h"

#define VIEW(name) #name,
#define FOLD(name) #name,
#define KEPT(name) #name,
const char *const view_names[VIEW_COUNT] = {
#include "lists/views.def"
#include "lists/folds.def"
#include "lists/kept.def"
};
#undef VIEW
#undef FOLD
#undef KEPT

#define VIEW(name)          [VIEW_##name] = USED_VIEW,
#define FOLD(name)          [VIEW_##name] = USED_VIEW,
#define FILTERED_VIEW(name) [VIEW_##name] = USED_WHEN_FILTERED,
const struct view_set all_views = {{
#include "lists/views.def"
#include "lists/folds.def"
}};

#define QUERY(verb, at, roles, name, kind, seconds, named_views, otherwise, ...) \
    {#verb, at, roles, #name, kind, seconds, {{named_views}}, otherwise, {__VA_ARGS__}},
const struct route query_routes[] = {
#include "lists/routes.def"
    {.path = NULL}};

#define DOCUMENT(verb, at, call) {#verb, at, call},
const struct document_route document_routes[] = {
#include "query-api/routes.def"
    {.path = NULL}};
