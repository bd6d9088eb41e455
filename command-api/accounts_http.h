/* accounts_http.h -- from a request to a job of the accounts thread, for accounts_http.c and
 * accounts_admin.c. Loop thread. */
#pragma once

#include "base/shape.h"
#include "command-api/accounts.h"

/* Makes a job, lets `read` fill it or refuse, and puts it away; what is refused is answered here.
 * `row` is the handler's. */
void account_submit(struct http_request *r, const void *row,
                    fallible (*read)(struct account_job *j, struct fault *f),
                    void (*step)(struct accounts *s, struct account_job *j));

/* The request's body into *out; texts and faults of it go into the job's arena. */
fallible account_read_body(struct account_job *j, const struct shape *shape, void *out,
                           struct fault *f);

/* What administrators may ask, as rows of features/account/routes.def name it (accounts_admin.c).
 */
void list_accounts(struct http_request *r, const void *row);
void set_role(struct http_request *r, const void *row);
void disable_account(struct http_request *r, const void *row);
void enable_account(struct http_request *r, const void *row);
