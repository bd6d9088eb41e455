/* accounts.c -- what happens when somebody registers, logs in, refreshes or logs out. Runs on the
 * accounts thread, from top to bottom but for the hash of a password, which the pool computes. */
#include "command-api/accounts_thread.h"

#include <sodium.h>

#include "base/time.h"
#include "command-api/refresh_token.h"
#include "events/problems.h"
#include "platform/process/metrics.h"
#include "base/failpoint.h"
#include "base/banned.h"

/* ---- answers ---- */

static void write_user(const struct account *a, struct text *out)
{
    text_printf(out, "\"user\":{\"id\":\"%s\",\"username\":", a->user_id);
    text_append_json(out, a->user_name); /* a name may hold quotes and backslashes */
    text_printf(out, ",\"role\":\"%s\",\"agency\":\"%s\"}", role_name(a->role), a->agency);
}

/* A new access token for the account, and the refresh token of the session. */
static fallible write_tokens(struct accounts *s, const struct account *a,
                             const struct refresh_token *t, struct text *out)
{
    const struct command_api *api = accounts_api(s);
    int64_t now = time_now(), minutes = api->settings->token_minutes;
    if (now < a->raised) /* the first second of a life of the log, or this clock is behind */
        now = a->raised;
    struct claims c = {
        .role = a->role, .role_version = a->role_version, .expires = now + minutes * 60 * 1000000};
    char refresh[REFRESH_TOKEN_TEXT];
    memcpy(c.user_id, a->user_id, sizeof(c.user_id));
    memcpy(c.session, t->session, sizeof(c.session));
    memcpy(c.agency, a->agency, sizeof(c.agency));
    refresh_token_write(t, refresh);
    text_append(out, "{\"token\":\"");
    TRY(token_sign(api->key, &c, now, out));
    text_printf(out, "\",\"refresh_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%lld,",
                refresh, (long long)minutes * 60);
    write_user(a, out);
    text_append(out, ",\"success\":true}");
    return NULL;
}

static void apply_outcome(struct accounts *s, struct account_job *j, const struct problem *p,
                          int status)
{
    if (p)
        account_refuse(s, j, p);
    else
        account_answer(s, j, status);
}

/* ---- registration: always a citizen ---- */

static fallible store_account(struct accounts *s, struct account_job *j)
{
    struct account *a = &j->account;
    *a = (struct account){.role = CITIZEN};
    uuid_new(a->user_id);
    memcpy(a->user_name, j->name, strlen(j->name)); /* checked, and in the form it is shown in */
    memcpy(a->hash, j->new_hash, sizeof(a->hash));
    j->origin.actor = a->user_id;
    FAILPOINT(ACCOUNTS_BEFORE_STORE);
    TRY(account_register(accounts_database(s), a, &j->origin, &j->position));
    FAILPOINT(ACCOUNTS_AFTER_STORE);
    j->who = a;
    text_printf(&j->body, "{\"user_id\":\"%s\",", a->user_id);
    write_user(a, &j->body);
    text_printf(&j->body, ",\"position\":%lld,\"success\":true}", (long long)j->position);
    return NULL;
}

static void register_hashed(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, store_account(s, j), 201);
}

/* A name that is taken now costs no hash; one that is taken meanwhile is found by the table. */
void accounts_register(struct accounts *s, struct account_job *j)
{
    bool found = false;
    const struct problem *p = account_by_name(accounts_database(s), j->name, &j->account, &found);
    if (p || found)
        account_refuse(s, j, p ? p : NAME_TAKEN);
    else
        accounts_hash(s, j, register_hashed);
}

/* ---- log-in ---- */

static fallible open_session(struct accounts *s, struct account_job *j)
{
    const struct command_api *api = accounts_api(s);
    char session[UUID_TEXT];
    struct refresh_token t;
    refresh_token_new(api->server_secret, uuid_new(session), &t);
    TRY(session_open(accounts_database(s), &j->account, session, t.tag,
                     api->settings->refresh_days));
    TRY(write_tokens(s, &j->account, &t, &j->body));
    if (j->new_hash[0] && account_rehash(accounts_database(s), &j->account, j->new_hash))
        j->new_hash[0] = '\0'; /* logged; at another log-in */
    return NULL;
}

static void log_in_as(struct accounts *s, struct account_job *j, const char *how)
{
    const struct problem *p = open_session(s, j);
    metric_add(METRIC_login_total, p ? p == BAD_CREDENTIALS ? "refused" : "busy" : how, 1);
    apply_outcome(s, j, p, 200);
}

/* A name that does not exist has an empty account, whose password is never right. */
static void password_checked(struct accounts *s, struct account_job *j)
{
    if (j->right && j->account.user_id[0] && !j->account.disabled) {
        log_in_as(s, j, "ok");
        return;
    }
    metric_add(METRIC_login_total, "refused", 1);
    account_refuse(s, j, BAD_CREDENTIALS);
}

void accounts_log_in(struct accounts *s, struct account_job *j)
{
    bool found = false;
    const struct problem *p = account_by_name(accounts_database(s), j->name, &j->account, &found);
    if (p) {
        account_refuse(s, j, p);
        return;
    }
    j->who = found ? &j->account : NULL;
    accounts_fingerprint(s, j, found ? j->account.user_id : j->name,
                         found ? j->account.hash : accounts_dummy_hash(s));
    if (found && !j->account.disabled && accounts_remembers(s, j))
        log_in_as(s, j, "remembered");
    else
        accounts_verify(s, j, password_checked);
}

/* ---- refresh and log-out ---- */

static fallible rotate(struct accounts *s, struct account_job *j)
{
    const struct command_api *api = accounts_api(s);
    struct refresh_token t, next;
    bool ended = false;
    if (!refresh_token_read(api->server_secret, j->refresh_token, &t))
        return BAD_REFRESH_TOKEN;
    refresh_token_next(api->server_secret, &t, &next);
    const struct problem *p =
        session_refresh(accounts_database(s), t.session, t.tag, next.tag,
                        api->settings->refresh_days, &j->origin, &j->account, &ended);
    if (ended)
        revoked_session(api->revoked, t.session, time_now());
    TRY(p);
    j->who = &j->account;
    return write_tokens(s, &j->account, &next, &j->body);
}

void accounts_refresh(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, rotate(s, j), 200);
}

static fallible end_own_session(struct accounts *s, struct account_job *j)
{
    const struct command_api *api = accounts_api(s);
    struct refresh_token t;
    if (j->refresh_token && (!refresh_token_read(api->server_secret, j->refresh_token, &t) ||
                             !text_equal(t.session, j->claims.session)))
        return BAD_REFRESH_TOKEN;
    j->origin.actor = j->claims.user_id;
    TRY(session_end(accounts_database(s), j->claims.user_id, j->claims.session, &j->origin));
    revoked_session(api->revoked, j->claims.session, time_now());
    return NULL;
}

void accounts_log_out(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, end_own_session(s, j), 204);
}

/* ---- who am I ---- */

static fallible describe(struct accounts *s, struct account_job *j)
{
    bool found = false;
    TRY(account_by_id(accounts_database(s), j->claims.user_id, &j->account, &found));
    if (!found || j->account.disabled)
        return BAD_TOKEN;
    text_append_char(&j->body, '{');
    write_user(&j->account, &j->body);
    text_append(&j->body, ",\"success\":true}");
    return NULL;
}

void accounts_who_am_i(struct accounts *s, struct account_job *j)
{
    apply_outcome(s, j, describe(s, j), 200);
}
