/* commands.c -- one generic handler for every command: row, token, body, key, queue; and the
 * answer. */
#include "command-api/commands.h"

#include "base/members.h"
#include "base/time.h"
#include "command-api/authenticate.h"
#include "command-api/bulk.h"
#include "command-api/command_body.h"
#include "command-api/command_api.h"
#include "command-api/edge.h"
#include "command-api/fixes.h"
#include "command-api/lookups.h"
#include "writer/precondition.h"
#include "writer/writer.h"
#include "base/banned.h"

enum { IN_QUERY_MAX = 4 };

struct row {
    int type;
    int roles;
    int success;
    enum versioning version;
    const struct problem *malformed;
    const char *path;
    const char *in_query[IN_QUERY_MAX + 1]; /* NULL ends them */
};

/* A command that came by HTTP. */
struct command_request {
    struct pending pending;       /* first */
    struct http_loop *loop;       /* of the request */
    struct http_request *request; /* it owns this struct: both go with the reply */
    const struct row *row;
};

static void handle(struct http_request *r, const void *row);

#define IN_QUERY(member) #member
#define ROUTE(method, path, who, command, ok, version, malformed, ...) \
    {#method, path, handle,                                            \
     &(const struct row){                                              \
         command, who, ok, version, malformed, path, {__VA_OPT__(__VA_ARGS__, ) NULL}}},
#define CHOICE(given, Name, member) {#given, #member, Name},
#define BULK(method, path, who, malformed, ...) \
    {#method, path, handle_bulk, &(const struct bulk_row){who, malformed, {__VA_ARGS__}}},
#define QUERY(...)
#define LINK(...)
#define ACCOUNT(...)
#define FIX(method, path, members, commanders, missing, refused) \
    {#method, path, handle_fix,                                  \
     &(const struct fix_row){members, commanders, missing, refused, NULL}},
#define FIX_AND(method, path, members, commanders, missing, refused, command, version, ...) \
    {#method, path, handle_fix,                                                             \
     &(const struct fix_row){members, commanders, missing, refused,                         \
                             &(const struct row){command,                                   \
                                                 (members) | (commanders),                  \
                                                 200,                                       \
                                                 version,                                   \
                                                 missing,                                   \
                                                 path,                                      \
                                                 {__VA_OPT__(__VA_ARGS__, ) NULL}}}},
const struct http_route command_routes[] = {
#include "lists/routes.def"
};
#undef ROUTE
#undef IN_QUERY
#undef CHOICE
#undef BULK
#undef QUERY
#undef LINK
#undef ACCOUNT
#undef FIX
#undef FIX_AND
const int command_route_count = sizeof(command_routes) / sizeof(command_routes[0]);

bool command_row_may_be_anonymous(const void *of)
{
    const struct row *row = of;
    return row && command_may_be_anonymous(row->type);
}

bool command_route_may_be_anonymous(const struct http_route *route)
{
    const struct fix_row *fix = route->row;
    if (route->handle == handle_bulk)
        return bulk_may_be_anonymous(route->row);
    return command_row_may_be_anonymous(route->handle == handle_fix ? fix->command : route->row);
}

/* ---- reading the request ---- */

static bool names_something(const struct row *row)
{
    return strchr(row->path, '{') != NULL;
}

/* Of a path below what is the user's own the name says only which part. */
static bool names_subject(const struct row *row)
{
    return names_something(row) && command_id(row->type) != OWN_ID;
}

/* The path's first {name}; "" if it has none. */
static const char *path_target(struct http_request *r, const struct row *row)
{
    const char *name = strchr(row->path, '{');
    if (!name)
        return "";
    return http_segment(r, arena_bytes(http_arena(r), name + 1, strcspn(name, "}") - 1));
}

/* The id or word of the path, or a new id. */
static fallible read_target(struct http_request *r, const struct row *row, struct command *c,
                            struct fault *f)
{
    char id[UUID_TEXT];
    const char *given = path_target(r, row);
    if (command_takes_new_id(c->type))
        c->target = c->new_id = arena_text(http_arena(r), uuid_new(id));
    switch (command_id(c->type)) {
    case NEW_ID: return NULL;
    case NAMED_DEFAULT: c->target = DEFAULT_NAME; return NULL;
    case OWN_ID:
    case PATH_WORD:
        c->target = given;
        return is_word(given) || !names_something(row)
                   ? NULL
                   : fault_at(f, row->malformed, NULL,
                              "A name is 1 to 64 of a-z, 0-9, dash and underscore.");
    case PATH_CODE:
        c->target = given;
        return is_code(given) ? NULL
                              : fault_at(f, row->malformed, NULL,
                                         "A code is 1 to 64 of A-Z, 0-9 and underscore.");
    case NEW_ID_OF_PATH:
    case PATH_ID:
    case PATH_ID_NEW_PART:
    case PATH_ID_AND_ACTOR:
        if (!uuid_read(given, id))
            return row->malformed;
        break;
    }
    c->target = arena_text(http_arena(r), id);
    return NULL;
}

void command_digest(const unsigned char secret[32], const struct command *c, const char *path,
                    char out[DIGEST_TEXT])
{
    scoped_arena a = {0};
    scoped_text body = {0};
    shape_write(command_shape(c->type), c->body, &body);
    const char *parts[] = {command_name(c->type), path, text_value(&body),
                           precondition_text(&c->if_match, &a),
                           precondition_text(&c->if_none_match, &a)};
    digest_parts_hex(secret, parts, c->if_none_match.given ? 5 : 4, out);
}

/* Keyed hashes of the client's key and of what it asks for; the store keeps neither in clear. */
static fallible read_key(struct http_request *r, struct pending *p, struct fault *f)
{
    const struct command_api *api = http_context(r);
    const struct command *c = &p->command;
    p->secret = api->server_secret;
    TRY(edge_key(r, &p->client_key, f));
    const char *who = c->actor.user_id ? c->actor.user_id : ""; /* nobody: all of these are one */
    command_key(p->secret, p->client_key, who, p->key);
    const char *path = command_id(c->type) == NEW_ID ? "" : c->target;
    command_digest(p->secret, c, path, p->digest);
    return NULL;
}

/* ---- the answer ---- */

/* Where what was made is to be found; a part is shown by the item it belongs to. A replay answers
 * for the request that came first, whose new id only the stored answer knows: it is the answer's
 * first member. */
static const char *location_of(const struct pending *p, const struct row *row, struct arena *a)
{
    const char *id = p->command.new_id, *named = strchr(row->path, '{');
    if (named)
        return arena_join(a, arena_bytes(a, row->path, (size_t)(named - row->path)),
                          p->command.target, "");
    if (p->outcome == REPLAYED) {
        struct members stored;
        bool ok = members_read(arena_join(a, "{", p->body, "}"), a, &stored) && stored.count;
        id = ok ? arena_bytes(a, stored.at[0].text.at, stored.at[0].text.length) : "";
    }
    return arena_join(a, row->path, "/", id);
}

static void answer_done(struct http_request *r, const struct row *row, const struct pending *p)
{
    struct arena *a = http_arena(r);
    bool versioned = row->version != NO_VERSION;
    scoped_text body = {0};
    struct http_answer answer = {.status = p->status};
    struct http_header_row *header = answer.headers;
    char digits[INT_TEXT];
    const char *version = arena_text(a, int_text(p->version, digits));
    const char *position = arena_text(a, int_text(p->position, digits));
    text_append_char(&body, '{');
    text_append(&body, p->body);
    if (*p->body)
        text_append_char(&body, ',');
    if (versioned)
        text_printf(&body, "\"version\":%s,", version);
    text_append(&body, "\"position\":");
    text_append(&body, position);
    text_append(&body, ",\"success\":true}");
    *header++ = (struct http_header_row){"X-Event-Position", position};
    if (versioned)
        *header++ = (struct http_header_row){"ETag", arena_join(a, "\"", version, "\"")};
    if (p->outcome == REPLAYED)
        *header++ = (struct http_header_row){"Idempotency-Replayed", "true"};
    if (p->status == 201)
        *header++ = (struct http_header_row){"Location", location_of(p, row, a)};
    answer.body = body.at;
    answer.length = body.length;
    http_reply(r, &answer);
}

static void answer_refused(struct http_request *r, const struct pending *p)
{
    const char *extra = p->members;
    if (p->problem == VERSION_MISMATCH)
        extra = arena_printf(http_arena(r), "\"version\":%lld", (long long)p->version);
    http_refuse_with(r, p->problem, &p->fault, extra);
}

/* A refusal may come before it is known who must stay anonymous. */
void command_note(struct http_request *r, const struct pending *p)
{
    struct http_notes *n = http_notes(r);
    if (p->anonymous || (!p->decided && command_may_be_anonymous(p->command.type)))
        http_forget_client(r);
    if (n->actor && !p->problem && p->outcome == COMMITTED && p->position > n->position)
        n->position = p->position;
}

static void finish(struct job *j)
{
    struct command_request *c = (struct command_request *)(void *)j;
    struct pending *p = &c->pending;
    struct http_request *r = c->request;
    command_note(r, p);
    struct pending local = *p; /* `p` lives in the request's arena, which goes with the answer */
    if (p->problem)
        answer_refused(r, p);
    else
        answer_done(r, c->row, p);
    pending_release(&local);
}

/* On another thread: only the loop may touch a request. */
static void post_to_loop(struct pending *p)
{
    p->job.finish = finish;
    http_post(((struct command_request *)(void *)p)->loop, &p->job);
}

/* ---- the handler ---- */

fallible command_read(struct http_request *r, const void *of, const char *json, size_t length,
                      struct command_request **out, struct fault *f)
{
    const struct row *row = of;
    struct command_request *request = *out = arena_alloc(http_arena(r), sizeof(*request));
    struct pending *p = &request->pending;
    struct command *c = &p->command;
    struct claims claims;
    bool present;
    TRY(authenticate(r, row->roles, &claims, &present));
    if (present)
        edge_actor(r, &claims, &c->actor);
    else
        c->actor = (struct actor){.agency = "", .role = ANYONE};
    c->type = row->type;
    c->now = time_now();
    TRY(read_target(r, row, c, f));
    if (present && claims.role != CITIZEN && names_subject(row))
        http_notes(r)->subject = c->target;
    TRY(edge_preconditions(r, row->version, c, f));
    TRY(command_body_read(r, row->in_query, json, length, c, f));
    command_complete(c, http_arena(r));
    TRY(read_key(r, p, f));
    request->loop = http_loop_of(r);
    request->request = r;
    request->row = row;
    p->settled = post_to_loop;
    p->arena = http_arena(r);
    p->success = row->success;
    p->correlation_id = http_request_id(r);
    p->traceparent = http_traceparent(r);
    return NULL;
}

static fallible put(struct command_request *c)
{
    const struct command_api *api = http_context(c->request);
    return lookups_put(api->lookups, &c->pending);
}

/* Perhaps of an anonymous author: that was not yet read. */
static void refuse_unread(struct http_request *r, const struct row *row, const struct problem *p,
                          const struct fault *f)
{
    if (command_row_may_be_anonymous(row))
        http_forget_client(r);
    http_refuse(r, p, f);
}

void command_begin(struct command_request *c)
{
    const struct problem *p = put(c);
    if (p)
        refuse_unread(c->request, c->row, p, NULL);
}

static void handle(struct http_request *r, const void *row)
{
    struct fault f = {0};
    struct command_request *c;
    size_t length;
    const char *json = http_body(r, &length);
    const struct problem *p = command_read(r, row, json, length, &c, &f);
    if (p)
        refuse_unread(r, row, p, &f);
    else
        command_begin(c);
}
