/* accounts_admin.c -- what administrators see of accounts and change in them: forms on the loop,
 * then a step on the accounts thread. A change may be repeated as it is: with what is so already it
 * appends nothing. */
#include "base/precis.h"
#include "command-api/accounts_http.h"
#include "command-api/accounts_thread.h"
#include "command-api/authenticate.h"
#include "command-api/edge.h"
#include "events/problems.h"
#include "base/time.h"
#include "platform/identity/digest.h"
#include "base/banned.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200 };

/* What one of these requests is about, in its job's arena. */
struct admin_request {
    char target[UUID_TEXT];
    enum role role;
    const char *agency;           /* "" if none */
    struct account_filter filter; /* its limit is that of the page */
    const char *list;             /* digest of the filters, with which its cursors begin */
};

/* ---- what is asked ---- */

/* Who asks, and that no header is taken for what it is not. */
static fallible begin(struct account_job *j, struct admin_request **out, struct fault *f)
{
    static const struct {
        enum http_header header;
        const char *name;
    } refused[] = {{HTTP_IDEMPOTENCY_KEY, "Idempotency-Key"},
                   {HTTP_IF_MATCH, "If-Match"},
                   {HTTP_IF_NONE_MATCH, "If-None-Match"}};
    TRY(authenticate(j->request, ADMIN, &j->claims, NULL));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (http_header(j->request, refused[i].header))
            return fault_at(f, BAD_HEADER, refused[i].name,
                            "This may be repeated as it is and takes no such header.");
    j->origin.actor = j->claims.user_id;
    *out = j->admin = arena_alloc(&j->arena, sizeof(**out));
    return NULL;
}

/* Of a change: also whom it is about. */
static fallible begin_change(struct account_job *j, struct admin_request **out, struct fault *f)
{
    TRY(begin(j, out, f));
    TRY(edge_no_parameters(j->request, f));
    if (!uuid_read(http_segment(j->request, "id"), (*out)->target))
        return NO_SUCH_ACCOUNT;
    http_notes(j->request)->subject = (*out)->target;
    return NULL;
}

#define SetRole_FIELDS(F)      \
    F(REQUIRED, ROLE, role, 0) \
    F(OPTIONAL, TEXT, agency, 64)
DEFINE_STRUCT(SetRole)
DEFINE_SHAPE(SetRole)

static fallible read_role(struct account_job *j, struct fault *f)
{
    struct SetRole body;
    struct admin_request *asked;
    TRY(begin_change(j, &asked, f));
    TRY(account_read_body(j, &SetRole_shape, &body, f));
    asked->role = role_from(body.role);
    asked->agency = body.agency ? body.agency : "";
    return account_check_role(asked->role, asked->agency, f);
}

#define NoMembers_FIELDS(F)
DEFINE_STRUCT(NoMembers)
DEFINE_SHAPE(NoMembers)

/* With no body, or an empty object. */
static fallible read_switch(struct account_job *j, struct fault *f)
{
    struct NoMembers body;
    struct admin_request *asked;
    size_t length;
    TRY(begin_change(j, &asked, f));
    http_body(j->request, &length);
    return length ? account_read_body(j, &NoMembers_shape, &body, f) : NULL;
}

/* ---- which of all accounts ---- */

typedef fallible read_parameter(struct account_job *j, const char *value, struct fault *f);

static fallible read_filter_role(struct account_job *j, const char *value, struct fault *f)
{
    j->admin->filter.role = value;
    return role_from(value) ? NULL
                            : fault_at(f, BAD_PARAMETER, "role", "Expected one of the roles.");
}

static fallible read_filter_agency(struct account_job *j, const char *value, struct fault *f)
{
    j->admin->filter.agency = value;
    return account_check_role(ADMIN, value, f) ? BAD_PARAMETER : NULL;
}

static fallible read_filter_name(struct account_job *j, const char *value, struct fault *f)
{
    j->admin->filter.name_key = precis_user_name_key(&j->arena, value);
    return j->admin->filter.name_key
               ? NULL
               : fault_at(f, BAD_PARAMETER, "name", "No user name begins like this.");
}

static fallible read_filter_disabled(struct account_job *j, const char *value, struct fault *f)
{
    j->admin->filter.disabled = value;
    return text_equal(value, "true") || text_equal(value, "false")
               ? NULL
               : fault_at(f, BAD_PARAMETER, "disabled", "Expected true or false.");
}

static fallible read_limit(struct account_job *j, const char *value, struct fault *f)
{
    int64_t *limit = &j->admin->filter.limit;
    return text_to_int(value, limit) && *limit >= 1 && *limit <= LIMIT_MAX
               ? NULL
               : fault_at(f, BAD_PARAMETER, "limit", "1 to 200.");
}

static fallible read_cursor(struct account_job *j, const char *value, struct fault *f)
{
    (void)f;
    j->admin->filter.after = value; /* taken apart when all filters are known */
    return NULL;
}

static const struct {
    const char *name;
    read_parameter *read;
} parameters[] = {{"role", read_filter_role}, {"agency", read_filter_agency},
                  {"name", read_filter_name}, {"disabled", read_filter_disabled},
                  {"limit", read_limit},      {"cursor", read_cursor}};

static fallible read_one(struct account_job *j, int i, struct fault *f)
{
    const char *name, *value;
    http_parameter_at(j->request, i, &name, &value);
    for (size_t k = 0; k < sizeof(parameters) / sizeof(parameters[0]); k++)
        if (text_equal(parameters[k].name, name))
            return parameters[k].read(j, arena_text(&j->arena, value), f);
    return fault_at(f, UNKNOWN_PARAMETER, arena_text(http_arena(j->request), name), NULL);
}

/* A cursor: the digest of the filters and the id of the page's last account, so that no name stands
 * in an address. */
static fallible take_cursor_apart(struct account_job *j, struct fault *f)
{
    struct account_filter *l = &j->admin->filter;
    char id[UUID_TEXT];
    uint64_t list = digest_on_text(0, "accounts");
    list = digest_on_text(digest_on_text(list, l->role), l->agency);
    list = digest_on_text(digest_on_text(list, l->name_key), l->disabled);
    j->admin->list = arena_printf(&j->arena, "%016llx", (unsigned long long)list);
    if (!l->after)
        return NULL;
    if (!text_starts(l->after, j->admin->list) || !uuid_read(l->after + 16, id))
        return fault_at(f, BAD_CURSOR, "cursor", NULL);
    l->after = arena_text(&j->arena, id);
    return NULL;
}

static fallible read_list(struct account_job *j, struct fault *f)
{
    struct admin_request *asked;
    TRY(begin(j, &asked, f));
    asked->filter.limit = LIMIT_DEFAULT;
    for (int i = 0; i < http_parameters(j->request); i++)
        TRY(read_one(j, i, f));
    return take_cursor_apart(j, f);
}

/* ---- what is answered ---- */

static void apply_outcome(struct accounts *s, struct account_job *j, const struct problem *p)
{
    if (p)
        account_refuse(s, j, p);
    else
        account_answer(s, j, 200);
}

/* The members of one account; `next` of a list follows from its last. */
static void write_row(const struct rows *rows, int i, struct text *out)
{
    const char *agency = rows_text(rows, i, 2);
    text_printf(out, "%s{\"id\":\"%s\",\"username\":", i ? "," : "", rows_text(rows, i, 5));
    text_append_json(out, rows_text(rows, i, 0));
    text_printf(out, ",\"role\":\"%s\",\"agency\":\"%s\",\"disabled\":%s,\"created_at\":\"%s\"}",
                rows_text(rows, i, 1), agency ? agency : "",
                text_equal(rows_text(rows, i, 3), "t") ? "true" : "false", rows_text(rows, i, 4));
}

/* One more than the page is asked for, which tells whether there is another. */
static fallible write_page(struct accounts *s, struct account_job *j)
{
    const struct admin_request *asked = j->admin;
    struct account_filter one_more = asked->filter;
    scoped_rows *rows = NULL;
    bool found = true;
    if (one_more.after)
        TRY(account_by_id(accounts_database(s), one_more.after, &j->account, &found));
    if (!found)
        return fault_at(&j->fault, BAD_CURSOR, "cursor", NULL);
    one_more.limit++;
    TRY(accounts_page(accounts_database(s), &one_more, &rows));
    int count = rows_count(rows);
    bool more = count > asked->filter.limit;
    if (more)
        count--;
    text_append(&j->body, "{\"data\":[");
    for (int i = 0; i < count; i++)
        write_row(rows, i, &j->body);
    if (more)
        text_printf(&j->body, "],\"next\":\"%s%s\"", asked->list, rows_text(rows, count - 1, 5));
    else
        text_append(&j->body, "],\"next\":null");
    text_append(&j->body, ",\"success\":true}");
    return NULL;
}

static void step_list(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, write_page(s, j));
}

static fallible find_target(struct accounts *s, struct account_job *j)
{
    bool found = false;
    TRY(account_by_id(accounts_database(s), j->admin->target, &j->account, &found));
    return found ? NULL : NO_SUCH_ACCOUNT;
}

/* What it is now, and the position of what made it so. This process refuses the older tokens from
 * now on, the others as soon as they have read the event. */
static fallible write_changed(struct accounts *s, struct account_job *j)
{
    const struct account *a = &j->account;
    TRY(find_target(s, j));
    TRY(account_position(accounts_database(s), a->user_id, &j->position));
    revoked_role(accounts_api(s)->revoked, a->user_id, a->role_version, time_now());
    text_printf(&j->body, "{\"user\":{\"id\":\"%s\",\"username\":", a->user_id);
    text_append_json(&j->body, a->user_name);
    text_printf(&j->body,
                ",\"role\":\"%s\",\"agency\":\"%s\",\"disabled\":%s},\"position\":%lld,"
                "\"success\":true}",
                role_name(a->role), a->agency, a->disabled ? "true" : "false",
                (long long)j->position);
    return NULL;
}

static fallible change_role(struct accounts *s, struct account_job *j)
{
    int64_t role_version;
    TRY(find_target(s, j));
    const struct problem *p =
        account_set_role(accounts_database(s), j->admin->target, j->admin->role, j->admin->agency,
                         &j->origin, &role_version);
    if (p == NO_SUCH_AGENCY)
        j->fault.field = "agency";
    TRY(p);
    return write_changed(s, j);
}

static void step_role(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, change_role(s, j));
}

static fallible disable(struct accounts *s, struct account_job *j)
{
    int64_t role_version;
    TRY(find_target(s, j));
    TRY(account_disable(accounts_database(s), j->admin->target, &j->origin, &role_version));
    return write_changed(s, j);
}

static void step_disable(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, disable(s, j));
}

static fallible enable(struct accounts *s, struct account_job *j)
{
    TRY(find_target(s, j));
    TRY(account_enable(accounts_database(s), j->admin->target, &j->origin));
    return write_changed(s, j);
}

static void step_enable(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, enable(s, j));
}

/* ---- the routes ---- */

void list_accounts(struct http_request *r, const void *row)
{
    account_submit(r, row, read_list, step_list);
}

void set_role(struct http_request *r, const void *row)
{
    account_submit(r, row, read_role, step_role);
}

void disable_account(struct http_request *r, const void *row)
{
    account_submit(r, row, read_switch, step_disable);
}

void enable_account(struct http_request *r, const void *row)
{
    account_submit(r, row, read_switch, step_enable);
}
