/* accounts.h -- registration, log-in, refresh and log-out of one command-api.
 * One thread owns the connection and asks the database; passwords are hashed on a pool beside it;
 * the handlers of accounts_http.c wait for neither. */
#pragma once

#include "command-api/command_api.h"
#include "platform/identity/account.h"
#include "platform/http/http.h"

struct accounts;

/* Starts the threads; hashes once to have what unknown names are compared with. `api` is borrowed
 * and needs settings, key, revoked and server_secret. */
fallible accounts_start(const struct command_api *api, struct accounts **out);

/* Refuses new work (SHUTTING_DOWN) and finishes what it has, joins the threads. The loops must
 * still take posts, so call it before http_server_stop. NULL is allowed. */
void accounts_stop(struct accounts *s);
/* After http_server_stop. NULL is allowed. */
void accounts_free(struct accounts *s);

/* POST /auth/register … /.well-known/jwks.json, as rows for the server's table. */
extern const struct http_route account_routes[];
extern const int account_route_count;

/* ---- between accounts_http.c and the thread ---- */

/* One request on its way. The handler fills the first part; its step runs on the accounts thread
 * and, at once or in a later step, calls account_answer or account_refuse. */
struct account_job {
    struct job job;
    struct http_loop *loop;
    struct http_request *request;
    const struct account_row *row; /* accounts_http.c */
    /* First one of the functions below, later what comes next. */
    void (*step)(struct accounts *s, struct account_job *j);
    const char *name, *password, *refresh_token; /* NULL if not given */
    const char *prepared;        /* the password by OpaqueString, NULL if it has no such form */
    struct claims claims;        /* of who asks; if logged in */
    struct admin_request *admin; /* what an administrator asks; accounts_admin.c */
    struct origin origin;
    int64_t deadline;   /* monotonic us; past it no step is begun any more */
    struct arena arena; /* wiped: it holds the password */

    /* set on the way */
    struct account account;
    const struct account *who;         /* whose request it is, without a token; NULL: not known */
    unsigned char fingerprint[32];     /* of account, stored hash and password */
    const char *stored_hash;           /* to verify; NULL: make a new one */
    bool right;                        /* the password is, prepared or as it was typed */
    char new_hash[PASSWORD_HASH_TEXT]; /* made on the pool; "" if none */
    const struct problem *hash_problem;
    void (*then)(struct accounts *s, struct account_job *j); /* after the hash */
    struct account_job *followers; /* equal log-ins that wait for this one's hash; by next_job */
    struct account_job *next_job;

    /* the answer */
    const struct problem *problem;
    struct fault fault; /* of the problem: constant texts */
    int status;
    int64_t position; /* 0: none */
    struct text body;
};

/* Loop thread. QUEUE_FULL, SHUTTING_DOWN: the job is still the caller's. */
fallible accounts_put(struct accounts *s, struct account_job *j);

/* What a request begins with. Accounts thread. */
void accounts_register(struct accounts *s, struct account_job *j);
void accounts_log_in(struct accounts *s, struct account_job *j);
void accounts_refresh(struct accounts *s, struct account_job *j);
void accounts_log_out(struct accounts *s, struct account_job *j);
void accounts_who_am_i(struct accounts *s, struct account_job *j);
