/* bulk.c -- see bulk.h. All memory is taken from the request's arena before the first command is
 * put: from then on it is the writer's, until the last one is settled. */
#include "command-api/bulk.h"

#include <stdatomic.h>

#include "base/members.h"
#include "base/time.h"
#include "command-api/authenticate.h"
#include "command-api/command_api.h"
#include "command-api/commands.h"
#include "command-api/edge.h"
#include "platform/identity/digest.h"
#include "platform/http/problem_json.h"
#include "writer/writer.h"
#include "base/banned.h"

struct bulk;

struct bulk_item {
    struct pending pending; /* first */
    struct bulk *bulk;
};

struct bulk {
    struct job job; /* on the loop, once all are settled */
    struct http_loop *loop;
    struct http_request *request;
    const struct bulk_row *row;
    const struct bulk_choice *choice;
    const char *ids[BULK_MAX];
    int count;
    struct command command; /* of each item but for its id */
    struct bulk_item *items;
    atomic_int unsettled; /* items, and 1 until all are put */
};

/* ---- the body ---- */

static fallible read_ids(struct bulk *b, const struct member *member, struct fault *f)
{
    struct arena *a = http_arena(b->request);
    const char *expected = "Expected an array of 1 to 100 ids.";
    struct json json =
        json_open(arena_bytes(a, member->json.at, member->json.length), member->json.length, a);
    bool begun = false, more;
    if (json_kind(&json) != JSON_ARRAY)
        return fault_at(f, WRONG_TYPE, "ids", expected);
    TRY(json_take_element(&json, &begun, &more));
    while (more) {
        struct span text;
        char id[UUID_TEXT];
        if (b->count == BULK_MAX)
            return fault_at(f, OUT_OF_RANGE, "ids", expected);
        if (json_kind(&json) != JSON_STRING)
            return fault_at(f, WRONG_TYPE, "ids", expected);
        TRY(json_take_string(&json, &text));
        if (!uuid_read(arena_bytes(a, text.at, text.length), id))
            return fault_at(f, BAD_TEXT, "ids", "One of them is no UUID.");
        b->ids[b->count++] = arena_text(a, id);
        TRY(json_take_element(&json, &begun, &more));
    }
    return b->count ? NULL : fault_at(f, OUT_OF_RANGE, "ids", expected);
}

static fallible refuse_repeated_ids(const struct bulk *b, struct fault *f)
{
    for (int i = 0; i < b->count; i++)
        for (int k = 0; k < i; k++)
            if (text_equal(b->ids[i], b->ids[k]))
                return fault_at(
                    f, DUPLICATE_FIELD, "ids",
                    arena_join(http_arena(b->request), b->ids[i], " stands there twice", "."));
    return NULL;
}

static bool is_named(const struct member *m, const char *name)
{
    return m->name.length == strlen(name) && strncmp(m->name.at, name, m->name.length) == 0;
}

static const struct bulk_choice *find_choice(const struct bulk_row *row, const struct member *m)
{
    for (const struct bulk_choice *c = row->choices; c->given; c++)
        if (is_named(m, c->given))
            return c;
    return NULL;
}

static fallible refuse_choice(const struct bulk *b, const struct problem *p, struct fault *f)
{
    const char *given[BULK_CHOICES_MAX + 1] = {NULL};
    for (int i = 0; i < BULK_CHOICES_MAX; i++)
        given[i] = b->row->choices[i].given;
    return fault_at(f, p, given[0], text_expected(http_arena(b->request), given));
}

/* Sorts the members: the ids, what is done, and the command's body, which the command's shape then
 * reads and judges. */
static fallible sort_members(struct bulk *b, const struct members *members,
                             const struct member **ids, struct text *body, struct fault *f)
{
    struct arena *a = http_arena(b->request);
    *ids = NULL;
    text_append_char(body, '{');
    for (int i = 0; i < members->count; i++) {
        const struct member *m = &members->at[i];
        const struct bulk_choice *choice = find_choice(b->row, m);
        if (is_named(m, "ids")) {
            if (*ids)
                return fault_at(f, DUPLICATE_FIELD, "ids", NULL);
            *ids = m;
            continue;
        }
        if (choice && b->choice)
            return refuse_choice(b, choice == b->choice ? DUPLICATE_FIELD : UNKNOWN_FIELD, f);
        if (choice)
            b->choice = choice;
        if (body->length > 1)
            text_append_char(body, ',');
        text_append_json(body,
                         choice ? choice->member : arena_bytes(a, m->name.at, m->name.length));
        text_append_char(body, ':');
        text_append_bytes(body, m->json.at, m->json.length);
    }
    text_append_char(body, '}');
    if (!*ids)
        return fault_at(f, MISSING_FIELD, "ids", "This field is required.");
    return b->choice ? NULL : refuse_choice(b, MISSING_FIELD, f);
}

static fallible read_body(struct bulk *b, struct fault *f)
{
    struct arena *a = http_arena(b->request);
    struct members members;
    const struct member *ids;
    scoped_text body = {0};
    size_t length;
    const char *json = http_body(b->request, &length);
    if (!length || !members_read(arena_bytes(a, json, length), a, &members))
        return fault_at(f, MALFORMED, NULL, "The body must be a JSON object.");
    TRY(sort_members(b, &members, &ids, &body, f));
    TRY(read_ids(b, ids, f));
    TRY(refuse_repeated_ids(b, f));
    b->command.type = b->choice->type;
    const struct problem *p =
        shape_read(command_shape(b->command.type), body.at, body.length, a, b->command.body, f);
    if (p && text_equal(f->field, b->choice->member))
        f->field = b->choice->given;
    return p;
}

/* ---- the answer ---- */

static void append_done(struct text *out, const char *id, const struct pending *p)
{
    text_printf(
        out, "{\"id\":\"%s\",\"status\":%d,%s,\"version\":%lld,\"position\":%lld,\"success\":true}",
        id, p->status, p->body, (long long)p->version, (long long)p->position);
}

static void append_refused(struct text *out, const char *id, const struct pending *p,
                           enum text_language language)
{
    scoped_text extra = {0};
    text_printf(&extra, "\"id\":\"%s\"%s%s", id, p->members ? "," : "",
                p->members ? p->members : "");
    problem_write(p->problem, &p->fault, language, NULL, text_value(&extra), out);
}

static void finish(struct job *j)
{
    struct bulk *b = (struct bulk *)(void *)j;
    scoped_text body = {0};
    int done = 0;
    int64_t position = 0;
    enum text_language language = http_language(b->request);
    text_append(&body, "{\"data\":[");
    for (int i = 0; i < b->count; i++) {
        struct pending *p = &b->items[i].pending;
        if (i)
            text_append_char(&body, ',');
        command_note(b->request, p);
        if (p->problem)
            append_refused(&body, b->ids[i], p, language);
        else
            append_done(&body, b->ids[i], p);
        done += !p->problem;
        position = !p->problem && p->position > position ? p->position : position;
        pending_release(p);
    }
    text_printf(&body, "],\"done\":%d,\"not_done\":%d,\"position\":%lld,\"success\":true}", done,
                b->count - done, (long long)position);
    struct http_answer answer = {
        .status = 200,
        .body = body.at,
        .length = body.length,
        .headers = {{"Content-Language", language_tags[language]}, {"Vary", "Accept-Language"}}};
    http_reply(b->request, &answer);
}

static void one_settled(struct bulk *b)
{
    if (atomic_fetch_sub(&b->unsettled, 1) == 1) {
        b->job.finish = finish;
        http_post(b->loop, &b->job);
    }
}

/* On the writer's thread. */
static void item_settled(struct pending *p)
{
    one_settled(((struct bulk_item *)(void *)p)->bulk);
}

/* ---- the items ---- */

/* Of the command, the ids in their order and the body as its shape writes it. */
static void digest_of(const struct bulk *b, const unsigned char *secret, char out[DIGEST_TEXT])
{
    const char *parts[2 + BULK_MAX];
    scoped_text body = {0};
    shape_write(command_shape(b->command.type), b->command.body, &body);
    parts[0] = command_name(b->command.type);
    parts[1] = text_value(&body);
    memcpy(parts + 2, b->ids, (size_t)b->count * sizeof(*b->ids));
    digest_parts_hex(secret, parts, 2 + b->count, out);
}

static void make_items(struct bulk *b, const unsigned char *secret, const char *client_key)
{
    struct arena *a = http_arena(b->request);
    char digest[DIGEST_TEXT];
    digest_of(b, secret, digest);
    b->items = arena_array(a, (size_t)b->count, sizeof(*b->items));
    for (int i = 0; i < b->count; i++) {
        struct pending *p = &b->items[i].pending;
        b->items[i].bulk = b;
        p->command = b->command;
        p->command.target = b->ids[i];
        p->settled = item_settled;
        p->success = 200;
        p->together = b->count > 1;
        p->secret = secret;
        p->client_key = arena_join(a, client_key, " ", b->ids[i]);
        command_key(secret, p->client_key, b->command.actor.user_id, p->key);
        memcpy(p->digest, digest, sizeof(digest));
        p->correlation_id = http_request_id(b->request);
        p->traceparent = http_traceparent(b->request);
        p->arena = a;
    }
}

static void put_items(struct bulk *b, struct writer *writer)
{
    atomic_init(&b->unsettled, b->count + 1);
    for (int i = 0; i < b->count; i++) {
        struct pending *p = &b->items[i].pending;
        const struct problem *refused = writer_put(writer, p);
        if (!refused)
            continue;
        p->problem = refused;
        one_settled(b);
    }
    one_settled(b);
}

static fallible take(struct http_request *r, const struct bulk_row *row, struct fault *f)
{
    const struct command_api *api = http_context(r);
    struct bulk *b = arena_alloc(http_arena(r), sizeof(*b));
    struct claims claims;
    const char *key;
    b->loop = http_loop_of(r);
    b->request = r;
    b->row = row;
    TRY(authenticate(r, row->roles, &claims, NULL));
    TRY(edge_preconditions(r, NO_VERSION, &b->command, f));
    TRY(edge_no_parameters(r, f));
    TRY(read_body(b, f));
    TRY(edge_key(r, &key, f));
    edge_actor(r, &claims, &b->command.actor);
    b->command.now = time_now();
    make_items(b, api->server_secret, key);
    put_items(b, api->writer);
    return NULL;
}

bool bulk_may_be_anonymous(const struct bulk_row *row)
{
    bool may_be = false;
    for (const struct bulk_choice *c = row->choices; c->given; c++)
        may_be = may_be || command_may_be_anonymous(c->type);
    return may_be;
}

void handle_bulk(struct http_request *r, const void *row)
{
    struct fault f = {0};
    const struct problem *p = take(r, row, &f);
    if (!p)
        return;
    if (bulk_may_be_anonymous(row))
        http_forget_client(r); /* what it asks for was not yet read */
    http_refuse(r, p, &f);
}
