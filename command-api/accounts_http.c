/* accounts_http.c -- the accounts' side of HTTP: what is asked, in what form, and the answer. Names
 * and passwords never reach a log; the arena that holds them is wiped. */
#include "command-api/accounts_http.h"

#include "api/request_kinds.h"
#include "base/precis.h"
#include "command-api/authenticate.h"
#include "base/banned.h"

enum { FORM_MAX = 1024 };

/* Registration has limits of its own; to log in, anything may be tried. */
#define Credentials_FIELDS(F)             \
    F(REQUIRED, TEXT, username, FORM_MAX) \
    F(REQUIRED, TEXT, password, FORM_MAX)
#define Refresh_FIELDS(F) F(REQUIRED, TEXT, refresh_token, FORM_MAX)
#define LogOut_FIELDS(F)  F(OPTIONAL, TEXT, refresh_token, FORM_MAX)

DEFINE_STRUCT(Credentials)
DEFINE_STRUCT(Refresh)
DEFINE_STRUCT(LogOut)
DEFINE_SHAPE(Credentials)
DEFINE_SHAPE(Refresh)
DEFINE_SHAPE(LogOut)

static void free_job(struct account_job *j)
{
    arena_wipe(&j->arena);
    text_release(&j->body);
    free(j);
}

/* ---- answering ---- */

static void reply(struct http_request *r, struct account_job *j)
{
    char location[64], position[INT_TEXT];
    struct http_answer a = {
        .status = j->status, .body = text_value(&j->body), .length = j->body.length};
    struct http_header_row *next = a.headers;
    bool own = text_equal(http_method(r), "GET") || text_equal(http_method(r), "HEAD");
    *next++ = (struct http_header_row){"Cache-Control", own ? "private, no-cache" : "no-store"};
    if (own)
        *next++ = (struct http_header_row){"Vary", "Authorization"};
    if (j->status == 201) {
        snprintf(location, sizeof(location), "/users/%s", j->account.user_id);
        *next++ = (struct http_header_row){"Location", location};
    }
    if (j->position)
        *next++ = (struct http_header_row){"X-Event-Position", int_text(j->position, position)};
    http_reply(r, &a);
}

/* What a row says of its requests: the kind of one that was done, and of one that was refused. */
struct account_row {
    const char *done, *refused; /* NULL: any */
};

/* A name that somebody typed never goes on record: only whose account it is, if there is one. */
static void note(const struct account_job *j, const struct problem *p)
{
    struct http_notes *n = http_notes(j->request);
    const char *kind = p ? j->row->refused : j->row->done;
    n->kind = kind ? kind : n->kind;
    n->position = p ? 0 : j->position;
    if (!j->who)
        return;
    n->actor = j->who->user_id;
    n->role = role_name(j->who->role);
    n->agency = *j->who->agency ? j->who->agency : NULL;
}

static void finish(struct job *job)
{
    struct account_job *j = (struct account_job *)job;
    note(j, j->problem);
    if (j->problem)
        http_refuse(j->request, j->problem, &j->fault);
    else
        reply(j->request, j);
    free_job(j);
}

/* ---- asking ---- */

static fallible check_request(struct http_request *r, struct fault *f)
{
    const char *name, *value;
    if (http_header(r, HTTP_IDEMPOTENCY_KEY))
        return fault_at(f, BAD_HEADER, "Idempotency-Key",
                        "Requests that carry a secret take no idempotency key.");
    if (http_parameters(r) == 0)
        return NULL;
    http_parameter_at(r, 0, &name, &value);
    return fault_at(f, UNKNOWN_PARAMETER, arena_text(http_arena(r), name), NULL);
}

fallible account_read_body(struct account_job *j, const struct shape *shape, void *out,
                           struct fault *f)
{
    size_t length;
    const char *body = http_body(j->request, &length);
    return shape_read(shape, body, length, &j->arena, out, f);
}

static fallible read_credentials(struct account_job *j, struct fault *f)
{
    struct Credentials c;
    TRY(check_request(j->request, f));
    TRY(account_read_body(j, &Credentials_shape, &c, f));
    j->name = c.username;
    j->password = c.password;
    j->prepared = precis_password(&j->arena, c.password);
    return NULL;
}

/* The forms: each fills the job or refuses. */

static fallible read_registration(struct account_job *j, struct fault *f)
{
    TRY(read_credentials(j, f));
    TRY(account_check_name(&j->arena, j->name, &j->name, f));
    return account_check_password(&j->arena, j->password, &j->prepared, f);
}

static fallible read_refresh(struct account_job *j, struct fault *f)
{
    struct Refresh body;
    TRY(check_request(j->request, f));
    TRY(account_read_body(j, &Refresh_shape, &body, f));
    j->refresh_token = body.refresh_token;
    return NULL;
}

static fallible read_log_out(struct account_job *j, struct fault *f)
{
    struct LogOut body = {0};
    size_t length;
    TRY(check_request(j->request, f));
    http_body(j->request, &length);
    TRY(authenticate(j->request, EVERY_USER, &j->claims, NULL));
    if (length)
        TRY(account_read_body(j, &LogOut_shape, &body, f));
    j->refresh_token = body.refresh_token;
    return NULL;
}

static fallible read_who(struct account_job *j, struct fault *f)
{
    TRY(check_request(j->request, f));
    return authenticate(j->request, EVERY_USER, &j->claims, NULL);
}

void account_submit(struct http_request *r, const void *row,
                    fallible (*read)(struct account_job *j, struct fault *f),
                    void (*step)(struct accounts *s, struct account_job *j))
{
    const struct command_api *api = http_context(r);
    struct fault f = {0};
    struct account_job *j = must_alloc(1, sizeof(*j));
    j->job.finish = finish;
    j->loop = http_loop_of(r);
    j->request = r;
    j->row = row;
    j->step = step;
    j->origin.correlation_id = arena_text(&j->arena, http_request_id(r));
    j->origin.traceparent = arena_text(&j->arena, http_traceparent(r));
    const struct problem *p = read(j, &f);
    if (!p)
        p = accounts_put(api->accounts, j);
    if (!p)
        return;
    note(j, p);
    http_refuse(r, p, &f);
    free_job(j);
}

/* ---- the routes ---- */

static void register_account(struct http_request *r, const void *row)
{
    account_submit(r, row, read_registration, accounts_register);
}

static void log_in(struct http_request *r, const void *row)
{
    account_submit(r, row, read_credentials, accounts_log_in);
}

static void refresh(struct http_request *r, const void *row)
{
    account_submit(r, row, read_refresh, accounts_refresh);
}

static void log_out(struct http_request *r, const void *row)
{
    account_submit(r, row, read_log_out, accounts_log_out);
}

static void who_am_i(struct http_request *r, const void *row)
{
    account_submit(r, row, read_who, accounts_who_am_i);
}

static void show_keys(struct http_request *r, const void *row)
{
    (void)row;
    const struct command_api *api = http_context(r);
    scoped_text keys = {0};
    token_jwks(api->key, &keys);
    http_reply(r, &(struct http_answer){.status = 200,
                                        .body = text_value(&keys),
                                        .length = keys.length,
                                        .headers = {{"Cache-Control", "public, max-age=300"}}});
}

#define ORDINARY       NULL, NULL
#define LOG_IN         KIND_LOGIN, KIND_LOGIN_FAILED
#define REFRESH        NULL, KIND_LOGIN_FAILED
#define ACCOUNT_CHANGE KIND_ACCOUNT, KIND_ACCOUNT
#define ACCOUNT(method, path, handler, kinds) \
    {#method, path, handler, &(const struct account_row){kinds}},
#define ROUTE(...)
#define BULK(...)
#define FIX(...)
#define FIX_AND(...)
#define QUERY(...)
#define LINK(...)
const struct http_route account_routes[] = {
#include "lists/routes.def"
};
const int account_route_count = sizeof(account_routes) / sizeof(account_routes[0]);
