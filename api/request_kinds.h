/* request_kinds.h -- the kinds of requests that a recorder keeps apart from all others (struct
 * http_notes). A service says one where it knows; without one a request is like any other. */
#pragma once

#define KIND_LOGIN        "login"        /* somebody has logged in */
#define KIND_LOGIN_FAILED "login_failed" /* or was refused */
#define KIND_ACCOUNT      "account"      /* an account was made or changed */
#define KIND_ADMIN        "admin"        /* what administrators alone may */
#define KIND_ROLLUP       "rollup"       /* one of many alike: a position */
/* Of the columns read_kind of queries: private_read, anonymous_read. */
