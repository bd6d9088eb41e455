/* mongo_outcome.c -- see mongo_outcome.h. Of a bulk write the driver's one error may be that of any
 * of its parts, so its reply is what counts. */
#include "platform/mongo/mongo_outcome.h"

#include "base/log.h"
#include "base/banned.h"

enum { DUPLICATE = 11000 };

/* Codes of servers that go away by themselves: a repetition, maybe at another server, may succeed.
 * mongodb: src/mongo/base/error_codes.yml. */
static const int passing[] = {
    6,     /* HostUnreachable */
    7,     /* HostNotFound */
    43,    /* CursorNotFound: the server was restarted between two pages */
    50,    /* MaxTimeMSExpired */
    64,    /* WriteConcernFailed: no majority in time */
    89,    /* NetworkTimeout */
    91,    /* ShutdownInProgress */
    112,   /* WriteConflict */
    189,   /* PrimarySteppedDown */
    202,   /* NetworkInterfaceExceededTimeLimit */
    262,   /* ExceededTimeLimit */
    9001,  /* SocketException */
    10107, /* NotWritablePrimary */
    11600, /* InterruptedAtShutdown */
    11602, /* InterruptedDueToReplStateChange */
    13435, /* NotPrimaryNoSecondaryOk */
    13436, /* NotPrimaryOrSecondary */
};

fallible mongo_answered(struct mongo_state *s)
{
    if (s->complained)
        log_info("mongodb is back");
    s->complained = false;
    return NULL;
}

static const struct problem *away(struct mongo_state *s, const char *reason)
{
    if (!s->complained)
        log_warning("mongodb unavailable", KV("reason", reason));
    s->complained = true;
    return MONGO_UNAVAILABLE;
}

static bool passes(int64_t code)
{
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        if (passing[i] == code)
            return true;
    return false;
}

static const struct problem *said_no(struct mongo_state *s, const char *collection, int64_t code,
                                     const char *words)
{
    if (passes(code))
        return away(s, words);
    log_warning("mongodb refused", KV("collection", collection), KV("code", code),
                KV("reason", words));
    return MONGO_REFUSED;
}

/* By the domains of mongoc_client_set_error_api(…, 2). */
fallible mongo_failed(struct mongo_state *s, const char *collection, const bson_error_t *error)
{
    bool answer = error->domain == MONGOC_ERROR_SERVER || error->domain == MONGOC_ERROR_COMMAND ||
                  error->domain == MONGOC_ERROR_BSON || error->domain == MONGOC_ERROR_CURSOR;
    return answer ? said_no(s, collection, error->code, error->message) : away(s, error->message);
}

static int64_t member_int(const bson_t *reply, const char *name)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, reply, name) ? bson_iter_as_int64(&at) : 0;
}

/* The next element of an array of errors. */
static bool next_error(bson_iter_t *errors, int64_t *code, const char **words)
{
    bson_iter_t at, member;
    *code = 0;
    *words = "";
    if (!bson_iter_next(errors))
        return false;
    at = *errors;
    if (bson_iter_recurse(&at, &member) && bson_iter_find(&member, "code"))
        *code = bson_iter_as_int64(&member);
    if (bson_iter_recurse(&at, &member) && bson_iter_find(&member, "errmsg") &&
        BSON_ITER_HOLDS_UTF8(&member))
        *words = bson_iter_utf8(&member, NULL);
    return true;
}

static bool errors_of(const bson_t *reply, const char *name, bson_iter_t *out)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, reply, name) && BSON_ITER_HOLDS_ARRAY(&at) &&
           bson_iter_recurse(&at, out);
}

fallible mongo_written(struct mongo_state *s, const char *collection, const bson_t *reply,
                       bool failed, const bson_error_t *error, int64_t wanted)
{
    bson_iter_t errors;
    const char *words;
    int64_t code, stored = member_int(reply, "nInserted");
    if (errors_of(reply, "writeErrors", &errors))
        while (next_error(&errors, &code, &words)) {
            if (code != DUPLICATE || !wanted)
                return said_no(s, collection, code, words);
            stored++;
        }
    if (errors_of(reply, "writeConcernErrors", &errors) && next_error(&errors, &code, &words))
        return away(s, words);
    if (wanted ? stored == wanted : !failed)
        return mongo_answered(s);
    if (!failed || (error->domain == MONGOC_ERROR_SERVER && error->code == DUPLICATE))
        return away(s, "of some documents there is no answer");
    return mongo_failed(s, collection, error);
}
