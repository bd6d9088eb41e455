/* account.c -- see account.h. */
#include "platform/identity/account.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/precis.h"
#include "base/time.h"
#include "events/event.h"
#include "events/problems.h"
#include "base/banned.h"

#define ACCOUNT_COLUMNS "user_id, user_name, password_hash, role, agency, role_version, disabled"

static const struct pg_statement BY_NAME = {"account_by_name", "SELECT " ACCOUNT_COLUMNS
                                                               " FROM account WHERE name_key = $1"};
static const struct pg_statement BY_ID = {"account_by_id", "SELECT " ACCOUNT_COLUMNS
                                                           " FROM account WHERE user_id = $1"};
static const struct pg_statement REGISTER = {
    "register_account", "SELECT register_account($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
static const struct pg_statement REHASH = {
    "account_rehash",
    "UPDATE account SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2"};
static const struct pg_statement OPEN_SESSION = {
    "session_open",
    "SELECT role, agency, role_version, raised FROM open_session($1, $2, $3, $4, $5, $6)"};
static const struct pg_statement REFRESH_SESSION = {
    "session_refresh",
    "SELECT user_id, user_name, '', role, agency, role_version, false, raised, outcome "
    "  FROM refresh_session($1, $2, $3, $4, $5, $6, $7, $8)"};
static const struct pg_statement END_SESSION = {"session_end",
                                                "SELECT end_session($1, $2, $3, $4, $5, $6)"};
static const struct pg_statement DISABLE = {
    "disable_account", "SELECT CASE WHEN $2::boolean AND is_last_admin($1::uuid) THEN -1 "
                       "            ELSE disable_account($1::uuid, $3, $4, $5, $6) END"};
static const struct pg_statement ENABLE = {"enable_account",
                                           "SELECT enable_account($1, $2, $3, $4, $5)"};
static const struct pg_statement CHANGE_PASSWORD = {
    "change_password", "SELECT change_password($1, $2, $3, $4, $5, $6)"};
static const struct pg_statement CHANGE_ROLE = {
    "change_role", "SELECT CASE WHEN $2::boolean AND is_last_admin($1::uuid) THEN -1 "
                   "            ELSE change_role($1::uuid, $3, $4, $5, $6, $7, $8) END"};
static const struct pg_statement POSITION = {
    "account_position", "SELECT position FROM es_stream WHERE stream = 'user-' || $1::uuid"};
static const struct pg_statement LIST_ALL = {
    NULL, "SELECT user_name, role, agency, disabled, "
          "to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), user_id FROM "
          "account ORDER BY name_key"};
/* Without a name: planned for the filters that are given, each has its index. */
static const struct pg_statement LIST_PAGE = {
    NULL, "SELECT user_name, role, agency, disabled, "
          "to_char(created AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), user_id "
          "  FROM account "
          " WHERE ($1::text IS NULL OR role = $1) AND ($2::text IS NULL OR agency = $2) "
          "   AND ($3::boolean IS NULL OR disabled = $3) "
          "   AND ($4::text IS NULL OR name_key >= $4 AND name_key < $4 || chr(1114111)) "
          "   AND ($5::uuid IS NULL "
          "        OR name_key > (SELECT f.name_key FROM account f WHERE f.user_id = $5)) "
          " ORDER BY name_key LIMIT $6"};

enum { RAISED_COLUMN = 7, OUTCOME_COLUMN }; /* of REFRESH_SESSION, after the account's */
enum { CHANGE_VALUES_MAX = 4 + 4 };         /* own ones and the event's */
enum { OF_LAST_ADMIN = -1 };                /* instead of a role version */

static fallible run_statement(struct pg *c, const struct pg_statement *s, int count,
                              const char *const *values, struct rows **out)
{
    return pg_unless_absent(c, pg_call_again(c, s, count, values, out));
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static void read_account(const struct rows *rows, struct account *out)
{
    struct account a = {.role = role_from(rows_text(rows, 0, 3)),
                        .role_version = rows_int(rows, 0, 5),
                        .disabled = text_equal(rows_text(rows, 0, 6), "t")};
    copy(a.user_id, sizeof(a.user_id), rows_text(rows, 0, 0));
    copy(a.user_name, sizeof(a.user_name), rows_text(rows, 0, 1));
    copy(a.hash, sizeof(a.hash), rows_text(rows, 0, 2));
    copy(a.agency, sizeof(a.agency), rows_text(rows, 0, 4));
    *out = a;
}

static fallible find(struct pg *c, const struct pg_statement *s, const char *by,
                     struct account *out, bool *found)
{
    scoped_rows *rows = NULL;
    TRY(run_statement(c, s, 1, &by, &rows));
    *found = rows_count(rows) == 1;
    if (*found)
        read_account(rows, out);
    return NULL;
}

fallible account_by_name(struct pg *c, const char *name, struct account *out, bool *found)
{
    scoped_arena a = {0};
    const char *key = precis_user_name_key(&a, name);
    return find(c, &BY_NAME, key ? key : "", out, found); /* no account has that key */
}

fallible account_by_id(struct pg *c, const char *user_id, struct account *out, bool *found)
{
    return find(c, &BY_ID, user_id, out, found);
}

fallible accounts_list(struct pg *c, struct rows **out)
{
    return run_statement(c, &LIST_ALL, 0, NULL, out);
}

fallible accounts_page(struct pg *c, const struct account_filter *f, struct rows **out)
{
    char digits[INT_TEXT];
    const char *values[] = {f->role,     f->agency, f->disabled,
                            f->name_key, f->after,  int_text(f->limit, digits)};
    return run_statement(c, &LIST_PAGE, 6, values, out);
}

/* ---- what is allowed ---- */

static bool is_within(const char *s, long min, long max)
{
    long characters = text_characters(s, strlen(s));
    return characters >= min && characters <= max;
}

fallible account_check_name(struct arena *a, const char *name, const char **shown, struct fault *f)
{
    const char *key = precis_user_name_key(a, name);
    const char *seen = precis_user_name(a, name);
    if (!key || !seen)
        return fault_at(f, BAD_TEXT, "username",
                        "Letters and digits of one direction, marks on them, visible ASCII; no "
                        "spaces (RFC 8265, UsernameCaseMapped).");
    if (!is_within(key, USER_NAME_MIN, LONG_MAX) || !is_within(seen, USER_NAME_MIN, LONG_MAX))
        return fault_at(f, OUT_OF_RANGE, "username", "3 to 64 characters.");
    if (!is_within(key, 0, USER_NAME_MAX) || !is_within(seen, 0, USER_NAME_MAX))
        return fault_at(f, TOO_LONG, "username", "3 to 64 characters.");
    *shown = seen;
    return NULL;
}

fallible account_check_password(struct arena *a, const char *password, const char **prepared,
                                struct fault *f)
{
    const char *text = precis_password(a, password);
    if (!text)
        return fault_at(f, BAD_TEXT, "password",
                        "Visible characters and spaces, in UTF-8 (RFC 8265, OpaqueString).");
    size_t bytes = strlen(text);
    if (bytes < PASSWORD_MIN || bytes > PASSWORD_MAX)
        return fault_at(f, bytes < PASSWORD_MIN ? OUT_OF_RANGE : TOO_LONG, "password",
                        "8 to 256 bytes.");
    *prepared = text;
    return NULL;
}

fallible account_check_role(enum role role, const char *agency, struct fault *f)
{
    size_t length = strspn(agency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (agency[length] || length >= AGENCY_TEXT)
        return fault_at(f, BAD_TEXT, "agency", "At most 64 capitals, digits and underscores.");
    if (!length && (role & (OFFICER | SUPERVISOR)))
        return fault_at(f, MISSING_FIELD, "agency", "An officer or supervisor needs one.");
    if (length && role == CITIZEN)
        return fault_at(f, OUT_OF_RANGE, "agency", "A citizen has none.");
    return NULL;
}

/* ---- events ---- */

/* The parameters of an event: id, schema, data, metadata. */
struct event_texts {
    char id[UUID_TEXT], schema[12];
    struct text data, meta;
};

static void event_texts_release(struct event_texts *t)
{
    text_release(&t->data);
    text_release(&t->meta);
}
#define scoped_event_texts __attribute__((cleanup(event_texts_release))) struct event_texts

static void write_meta(const struct origin *o, struct text *out)
{
    text_append(out, "{\"correlation_id\":");
    text_append_json(out, o->correlation_id);
    if (o->traceparent) {
        text_append(out, ",\"traceparent\":");
        text_append_json(out, o->traceparent);
    }
    if (o->actor) {
        text_append(out, ",\"actor\":");
        text_append_json(out, o->actor);
    }
    text_append_char(out, '}');
}

static fallible write_texts(const struct event *e, const struct origin *o, struct event_texts *out)
{
    scoped_arena a = {0};
    uuid_new(out->id);
    snprintf(out->schema, sizeof(out->schema), "%d", event_version(e->type));
    write_meta(o, &out->meta);
    return event_write(e, &a, &out->data, NULL);
}

fallible account_register(struct pg *c, const struct account *a, const struct origin *o,
                          int64_t *position)
{
    const char *agency = a->agency[0] ? a->agency : NULL;
    struct event e = EVENT(UserRegistered, .user_id = a->user_id, .role = role_name(a->role),
                           .agency = agency, .registered_at = time_now());
    scoped_event_texts t = {0};
    scoped_rows *rows = NULL;
    scoped_arena arena = {0};
    TRY(write_texts(&e, o, &t));
    const char *values[] = {a->user_id,
                            a->user_name,
                            precis_user_name_key(&arena, a->user_name),
                            a->hash,
                            role_name(a->role),
                            agency,
                            t.id,
                            t.schema,
                            text_value(&t.data),
                            text_value(&t.meta)};
    TRY(run_statement(c, &REGISTER, 10, values, &rows));
    if (!rows_text(rows, 0, 0))
        return NAME_TAKEN;
    if (!rows_int(rows, 0, 0))
        return NO_SUCH_AGENCY;
    *position = rows_int(rows, 0, 0);
    return NULL;
}

fallible account_rehash(struct pg *c, const struct account *a, const char *new_hash)
{
    return run_statement(c, &REHASH, 3, (const char *[]){a->user_id, a->hash, new_hash}, NULL);
}

/* ---- sessions ---- */

fallible session_open(struct pg *c, struct account *a, const char *session, const char *tag,
                      int64_t days)
{
    char number[INT_TEXT], max[INT_TEXT];
    scoped_rows *rows = NULL;
    const char *values[] = {
        session, a->user_id, a->hash, tag, int_text(days, number), int_text(SESSIONS_MAX, max)};
    TRY(run_statement(c, &OPEN_SESSION, 6, values, &rows));
    if (rows_count(rows) == 0)
        return BAD_CREDENTIALS;
    a->role = role_from(rows_text(rows, 0, 0));
    copy(a->agency, sizeof(a->agency), rows_text(rows, 0, 1));
    a->role_version = rows_int(rows, 0, 2);
    a->raised = rows_int(rows, 0, 3);
    return NULL;
}

fallible session_refresh(struct pg *c, const char *session, const char *tag, const char *successor,
                         int64_t days, const struct origin *o, struct account *out, bool *ended)
{
    char number[24];
    scoped_event_texts t = {0};
    scoped_rows *rows = NULL;
    snprintf(number, sizeof(number), "%lld", (long long)days);
    /* The event if this ends the family; whose it is the row tells. */
    struct event e = EVENT(UserSessionEnded, .user_id = "00000000-0000-0000-0000-000000000000",
                           .session_id = session, .ended_at = time_now());
    TRY(write_texts(&e, o, &t));
    const char *values[] = {session, tag,      successor,           number,
                            t.id,    t.schema, text_value(&t.data), text_value(&t.meta)};
    TRY(run_statement(c, &REFRESH_SESSION, 8, values, &rows));
    const char *outcome = rows_text(rows, 0, OUTCOME_COLUMN);
    *ended = text_equal(outcome, "reused");
    if (!text_equal(outcome, "rotated"))
        return BAD_REFRESH_TOKEN;
    read_account(rows, out);
    out->raised = rows_int(rows, 0, RAISED_COLUMN);
    return NULL;
}

fallible session_end(struct pg *c, const char *user_id, const char *session, const struct origin *o)
{
    struct event e =
        EVENT(UserSessionEnded, .user_id = user_id, .session_id = session, .ended_at = time_now());
    scoped_event_texts t = {0};
    TRY(write_texts(&e, o, &t));
    const char *values[] = {
        session, user_id, t.id, t.schema, text_value(&t.data), text_value(&t.meta)};
    return run_statement(c, &END_SESSION, 6, values, NULL);
}

/* ---- changes by an operator ---- */

/* Runs a statement that takes `count` values of its own and then the event; it sets the event's
 * role version, which is the answer. */
static fallible change(struct pg *c, const struct pg_statement *s, const char *const *own,
                       int count, const struct event *e, const struct origin *o,
                       int64_t *role_version)
{
    const char *values[CHANGE_VALUES_MAX];
    scoped_event_texts t = {0};
    scoped_rows *rows = NULL;
    TRY(write_texts(e, o, &t));
    memcpy(values, own, (size_t)count * sizeof(*own));
    values[count++] = t.id;
    values[count++] = t.schema;
    values[count++] = text_value(&t.data);
    values[count++] = text_value(&t.meta);
    TRY(run_statement(c, s, count, values, &rows));
    *role_version = rows_int(rows, 0, 0);
    return NULL;
}

/* Administrators may not take away the last of them; the operator, who is no actor, may. */
static const char *needs_other_admin(const struct origin *o)
{
    return o->actor ? "t" : "f";
}

fallible account_disable(struct pg *c, const char *user_id, const struct origin *o,
                         int64_t *role_version)
{
    int64_t changed;
    struct event e = EVENT(UserDisabled, .user_id = user_id, .disabled_at = time_now());
    TRY(change(c, &DISABLE, (const char *[]){user_id, needs_other_admin(o)}, 2, &e, o, &changed));
    if (changed == OF_LAST_ADMIN)
        return LAST_ADMIN;
    *role_version = changed;
    return NULL;
}

fallible account_enable(struct pg *c, const char *user_id, const struct origin *o)
{
    int64_t role_version;
    struct event e = EVENT(UserEnabled, .user_id = user_id, .enabled_at = time_now());
    return change(c, &ENABLE, &user_id, 1, &e, o, &role_version);
}

fallible account_set_password(struct pg *c, const char *user_id, const char *hash,
                              const struct origin *o, int64_t *role_version)
{
    struct event e = EVENT(UserPasswordChanged, .user_id = user_id, .changed_at = time_now());
    return change(c, &CHANGE_PASSWORD, (const char *[]){user_id, hash}, 2, &e, o, role_version);
}

fallible account_set_role(struct pg *c, const char *user_id, enum role role, const char *agency,
                          const struct origin *o, int64_t *role_version)
{
    int64_t changed;
    const char *some = agency[0] ? agency : NULL;
    const char *guard = role == ADMIN ? "f" : needs_other_admin(o);
    struct event e = EVENT(UserRoleChanged, .user_id = user_id, .role = role_name(role),
                           .agency = some, .changed_at = time_now());
    TRY(change(c, &CHANGE_ROLE, (const char *[]){user_id, guard, role_name(role), some}, 4, &e, o,
               &changed));
    if (changed == OF_LAST_ADMIN)
        return LAST_ADMIN;
    if (!changed)
        return NO_SUCH_AGENCY;
    *role_version = changed;
    return NULL;
}

fallible account_position(struct pg *c, const char *user_id, int64_t *position)
{
    scoped_rows *rows = NULL;
    TRY(run_statement(c, &POSITION, 1, &user_id, &rows));
    *position = rows_int(rows, 0, 0);
    return NULL;
}
