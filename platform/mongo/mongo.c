/* mongo.c -- mongo-c-driver 1.23, one client a thread. The driver connects, and connects again, by
 * itself; what it may repeat by itself is nothing (retryWrites, retryReads), for our calls may be
 * repeated by whoever made them. */
#include "platform/mongo/mongo.h"

#include <limits.h>

#include "base/log.h"
#include "base/text.h"
#include "platform/mongo/mongo_json.h"
#include "platform/mongo/mongo_outcome.h"
#include "base/banned.h"

enum { SELECTION_MS = 2000, SOCKET_MS = 10000, MAJORITY_MS = 8000 };

struct mongo {
    mongoc_uri_t *uri;
    mongoc_client_t *client; /* NULL before the first call */
    const char *database;
    struct mongo_state state;
};

static inline void collection_cleanup(mongoc_collection_t **c)
{
    if (*c)
        mongoc_collection_destroy(*c);
}
static inline void cursor_cleanup(mongoc_cursor_t **c)
{
    mongoc_cursor_destroy(*c); /* NULL is allowed */
}
static inline void bulk_cleanup(mongoc_bulk_operation_t **b)
{
    mongoc_bulk_operation_destroy(*b); /* NULL is allowed */
}
static inline void reply_cleanup(bson_t *reply)
{
    bson_destroy(reply);
}
#define scoped_collection __attribute__((cleanup(collection_cleanup))) mongoc_collection_t
#define scoped_cursor     __attribute__((cleanup(cursor_cleanup))) mongoc_cursor_t
#define scoped_bulk       __attribute__((cleanup(bulk_cleanup))) mongoc_bulk_operation_t
#define scoped_reply      __attribute__((cleanup(reply_cleanup))) bson_t

/* ---- the library ---- */

/* Its warnings are no trouble of ours: a server without endSessions is one, for example. */
static void driver_says(mongoc_log_level_t level, const char *domain, const char *message,
                        void *unused)
{
    (void)unused;
    if (level < MONGOC_LOG_LEVEL_WARNING)
        log_warning("the driver of mongodb says", KV("domain", domain), KV("words", message));
    else if (level == MONGOC_LOG_LEVEL_WARNING)
        log_info("the driver of mongodb says", KV("domain", domain), KV("words", message));
}

void mongo_library_start(void)
{
    mongoc_log_set_handler(driver_says, NULL);
    mongoc_init();
}

void mongo_library_stop(void)
{
    mongoc_cleanup();
}

const char *mongo_library(void)
{
    return mongoc_get_version();
}

/* ---- client ---- */

static void limit_option(mongoc_uri_t *uri, const char *option, int32_t limit_ms)
{
    int32_t given = mongoc_uri_get_option_as_int32(uri, option, limit_ms);
    mongoc_uri_set_option_as_int32(uri, option, given > 0 && given < limit_ms ? given : limit_ms);
}

/* A majority that does not form is told after MAJORITY_MS, before the socket's time is over. */
static void set_options(mongoc_uri_t *uri)
{
    limit_option(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SELECTION_MS);
    limit_option(uri, MONGOC_URI_CONNECTTIMEOUTMS, SELECTION_MS);
    limit_option(uri, MONGOC_URI_SOCKETTIMEOUTMS, SOCKET_MS);
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE, true);
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
    mongoc_write_concern_t *concern = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(concern, MAJORITY_MS);
    mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

/* The driver's words hold, behind a quotation mark, what it does not understand. What it logs
 * besides would be a second fault, and may hold as much. */
const char *mongo_uri_fault(const char *uri, struct arena *a)
{
    bson_error_t error = {0};
    mongoc_log_set_handler(NULL, NULL);
    mongoc_uri_t *parsed = mongoc_uri_new_with_error(uri, &error);
    mongoc_log_set_handler(driver_says, NULL);
    int length = (int)strcspn(error.message, "\"");
    if (!parsed)
        return arena_printf(a, "is not a URI of MongoDB: %.*s", length, error.message);
    mongoc_uri_destroy(parsed);
    return NULL;
}

fallible mongo_new(const char *uri, const char *password, const char *database, struct mongo **out)
{
    scoped_arena a = {0};
    const char *fault = mongo_uri_fault(uri, &a);
    mongoc_uri_t *parsed = fault ? NULL : mongoc_uri_new(uri);
    if (parsed && password && *password && !mongoc_uri_set_password(parsed, password))
        fault = "takes no such password";
    if (fault) {
        log_error("mongodb cannot be used", KV("uri", fault));
        mongoc_uri_destroy(parsed);
        return NOT_STARTED;
    }
    set_options(parsed);
    struct mongo *m = must_alloc(1, sizeof(*m));
    *m = (struct mongo){.uri = parsed, .database = database};
    *out = m;
    return NULL;
}

void mongo_free(struct mongo *m)
{
    if (!m)
        return;
    if (m->client)
        mongoc_client_destroy(m->client);
    mongoc_uri_destroy(m->uri);
    free(m);
}

/* Looks a mongodb+srv name up, which may fail; connects nowhere. */
static fallible have_client(struct mongo *m)
{
    bson_error_t error = {0};
    if (m->client)
        return NULL;
    m->client = mongoc_client_new_from_uri_with_error(m->uri, &error);
    if (!m->client)
        return mongo_failed(&m->state, "", &error);
    mongoc_client_set_error_api(m->client, MONGOC_ERROR_API_VERSION_2);
    mongoc_client_set_appname(m->client, "citywatch");
    return NULL;
}

static fallible open_collection(struct mongo *m, const char *name, mongoc_collection_t **out)
{
    TRY(have_client(m));
    *out = mongoc_client_get_collection(m->client, m->database, name);
    return NULL;
}

fallible mongo_ping(struct mongo *m)
{
    bson_error_t error = {0};
    TRY(have_client(m));
    scoped_bson *ping = BCON_NEW("ping", BCON_INT32(1));
    bool ok = mongoc_client_command_simple(m->client, m->database, ping, NULL, NULL, &error);
    return ok ? mongo_answered(&m->state) : mongo_failed(&m->state, "", &error);
}

/* ---- insert ---- */

/* MONGO_REFUSED: the driver would give an `_id` of its own, another one at each repetition. */
static fallible add_document(struct mongo *m, const char *collection, const char *json,
                             mongoc_bulk_operation_t *bulk)
{
    bson_error_t error = {0};
    scoped_bson *document = bson_of_document(json, &error);
    if (document && !bson_has_field(document, "_id"))
        bson_set_error(&error, MONGOC_ERROR_BSON, 0, "a document without _id");
    else if (document && mongoc_bulk_operation_insert_with_opts(bulk, document, NULL, &error))
        return NULL;
    error.domain = MONGOC_ERROR_BSON;
    return mongo_failed(&m->state, collection, &error);
}

fallible mongo_insert(struct mongo *m, const char *collection, const char *const *documents,
                      int count)
{
    bson_error_t error = {0};
    scoped_collection *into = NULL;
    if (count <= 0)
        return NULL;
    TRY(open_collection(m, collection, &into));
    scoped_bson *options = BCON_NEW("ordered", BCON_BOOL(false));
    scoped_bulk *bulk = mongoc_collection_create_bulk_operation_with_opts(into, options);
    for (int i = 0; i < count; i++)
        TRY(add_document(m, collection, documents[i], bulk));
    scoped_reply reply;
    bool failed = mongoc_bulk_operation_execute(bulk, &reply, &error) == 0;
    return mongo_written(&m->state, collection, &reply, failed, &error, count);
}

/* ---- find ---- */

typedef bool take_document(const bson_t *document, void *arg);

static fallible find_each(struct mongo *m, mongoc_collection_t *from, const bson_t *filter,
                          const bson_t *options, take_document *take, void *arg)
{
    bson_error_t error = {0};
    const bson_t *document;
    scoped_cursor *cursor = mongoc_collection_find_with_opts(from, filter, options, NULL);
    while (mongoc_cursor_next(cursor, &document))
        if (!take(document, arg))
            return mongo_answered(&m->state);
    if (mongoc_cursor_error(cursor, &error))
        return mongo_failed(&m->state, mongoc_collection_get_name(from), &error);
    return mongo_answered(&m->state);
}

/* NULL: `json` is no object. */
static const struct problem *read_json(struct mongo *m, const char *collection, const char *json,
                                       bson_t **out)
{
    bson_error_t error = {0};
    *out = bson_of_json(json, &error);
    error.domain = MONGOC_ERROR_BSON;
    return *out ? NULL : mongo_failed(&m->state, collection, &error);
}

struct json_taker {
    bool (*each)(const char *document, void *arg);
    void *arg;
};

static bool take_as_json(const bson_t *document, void *arg)
{
    const struct json_taker *taker = arg;
    char *json = json_of_bson(document); /* NULL: a string of it is no UTF-8 */
    bool more = taker->each(json ? json : "{}", taker->arg);
    bson_free(json);
    return more;
}

fallible mongo_find(struct mongo *m, const char *collection, const char *filter, const char *sort,
                    int limit, bool (*each)(const char *document, void *arg), void *arg)
{
    scoped_collection *from = NULL;
    scoped_bson *chosen = NULL, *order = NULL;
    scoped_bson *options = BCON_NEW("limit", BCON_INT64(limit));
    if (limit <= 0)
        return NULL;
    TRY(open_collection(m, collection, &from));
    TRY(read_json(m, collection, filter, &chosen));
    if (sort) {
        TRY(read_json(m, collection, sort, &order));
        bson_append_document(options, "sort", -1, order);
    }
    struct json_taker taker = {each, arg};
    return find_each(m, from, chosen, options, take_as_json, &taker);
}

/* ---- delete ---- */

struct ids {
    bson_t list;
    uint32_t count;
};

static bool take_id(const bson_t *document, void *arg)
{
    struct ids *ids = arg;
    char key[16];
    const char *name;
    bson_iter_t id;
    if (bson_iter_init_find(&id, document, "_id")) {
        size_t length = bson_uint32_to_string(ids->count++, &name, key, sizeof(key));
        bson_append_iter(&ids->list, name, (int)length, &id);
    }
    return true;
}

static fallible delete_ids(struct mongo *m, mongoc_collection_t *from, const bson_t *ids,
                           int64_t *deleted)
{
    bson_iter_t count;
    bson_error_t error = {0};
    scoped_bson *chosen = BCON_NEW("_id", "{", "$in", BCON_ARRAY(ids), "}");
    scoped_reply reply;
    bool failed = !mongoc_collection_delete_many(from, chosen, NULL, &reply, &error);
    TRY(mongo_written(&m->state, mongoc_collection_get_name(from), &reply, failed, &error, 0));
    *deleted = bson_iter_init_find(&count, &reply, "deletedCount") ? bson_iter_as_int64(&count) : 0;
    return NULL;
}

static fallible delete_found(struct mongo *m, mongoc_collection_t *from, const bson_t *filter,
                             int limit, struct ids *ids, int64_t *deleted)
{
    scoped_bson *options = BCON_NEW("limit", BCON_INT64(limit), "sort", "{", "_id", BCON_INT32(1),
                                    "}", "projection", "{", "_id", BCON_INT32(1), "}");
    TRY(find_each(m, from, filter, options, take_id, ids));
    if (ids->count)
        return delete_ids(m, from, &ids->list, deleted);
    *deleted = 0;
    return NULL;
}

fallible mongo_delete(struct mongo *m, const char *collection, const char *filter, int limit,
                      int64_t *deleted)
{
    scoped_collection *from = NULL;
    scoped_bson *chosen = NULL;
    if (limit < 1 || limit > MONGO_DELETE_MAX)
        return INTERNAL;
    TRY(open_collection(m, collection, &from));
    TRY(read_json(m, collection, filter, &chosen));
    struct ids ids = {.count = 0};
    bson_init(&ids.list);
    const struct problem *p = delete_found(m, from, chosen, limit, &ids, deleted);
    bson_destroy(&ids.list);
    return p;
}
