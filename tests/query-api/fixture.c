/* fixture.c -- databases, keys and rows for a query-api that runs in the test's own process. */
#include "tests/query-api/fixture.h"

#include <sys/stat.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/postgres/postgres.h"
#include "query-api/head.h"
#include "query-api/routes.h"
#include "query-api/view_progress.h"
#include "tests/query-api/view_tables.h"

enum { TIMEOUT_MS = 2000 };

static struct {
    struct arena arena;
    struct settings settings;
    struct query_api *api;
    struct pg *views, *store;
    const char *views_url;
    struct token_key *signing;
    unsigned char pseudonym_secret[32];
} t;

/* ---- SQL ---- */

static void run_sql(struct pg *pg, const char *format, va_list args)
{
    scoped_text sql = {0};
    char *line;
    if (vasprintf(&line, format, args) < 0)
        exit(2);
    text_append(&sql, line);
    free(line);
    if (pg_run(pg, text_value(&sql))) {
        fprintf(stderr, "refused: %s\n%s\n", pg_message(pg), text_value(&sql));
        exit(2);
    }
}

void views_sql(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run_sql(t.views, format, args);
    va_end(args);
}

void store_sql(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    run_sql(t.store, format, args);
    va_end(args);
}

const char *views_url(void)
{
    return t.views_url;
}

const char *views_value(const char *format, ...)
{
    va_list args;
    char *sql;
    va_start(args, format);
    if (vasprintf(&sql, format, args) < 0)
        exit(2);
    va_end(args);
    scoped_rows *rows = NULL;
    struct pg_statement s = {NULL, sql};
    if (pg_call(t.views, &s, 0, NULL, &rows)) {
        fprintf(stderr, "refused: %s\n%s\n", pg_message(t.views), sql);
        exit(2);
    }
    free(sql);
    const char *value = rows_count(rows) ? rows_text(rows, 0, 0) : NULL;
    return value ? arena_text(&t.arena, value) : "";
}

/* A schema of the view's name. */
static void make_view(const char *name)
{
    views_sql("CREATE SCHEMA %s; SET search_path = %s, postgis;\n%s;\nRESET search_path", name,
              name, view_tables(name, &t.arena));
    views_sql(
        "INSERT INTO engine.view (name, file, lane, digest) VALUES ('%s', '%s', 'main', 'd1')",
        name, name);
    views_sql("SELECT engine.changed('%s')", name);
}

static void make_views(void)
{
    views_sql("INSERT INTO engine.lane (name, position, epoch) VALUES ('main', 0, 1)");
    for (int i = 0; i < VIEW_COUNT; i++)
        if (all_views.use[i]) /* the tables of the others come with the migrations */
            make_view(view_names[i]);
}

/* ---- the service ---- */

static const char *write_secret(const char *folder)
{
    const char *path = arena_printf(&t.arena, "%s/pseudonym", folder);
    for (size_t i = 0; i < sizeof(t.pseudonym_secret); i++)
        t.pseudonym_secret[i] = (unsigned char)(i * 7 + 1);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(t.pseudonym_secret, 1, 32, f) != 32 || fclose(f) || chmod(path, 0600))
        exit(2);
    return path;
}

static void make_keys(const char *folder, struct settings *s)
{
    const char *private = arena_printf(&t.arena, "%s/private.pem", folder);
    s->token_public_key_file = arena_printf(&t.arena, "%s/public.pem", folder);
    remove(private);
    remove(s->token_public_key_file);
    if (token_key_generate(private, s->token_public_key_file) ||
        token_key_read(private, true, &t.signing))
        exit(2);
    s->pseudonym_secret_file = write_secret(folder);
}

static const char *record_uri = "";

static void start_service(void)
{
    if (query_api_new(&t.settings, &t.api))
        exit(2);
    for (int i = 0; i < 1000 && !revoked_is_known(t.api->revoked); i++)
        test_shell("sleep 0.005"); /* before that tokens are a 503 */
}

void query_record(const char *uri)
{
    record_uri = uri;
}

void query_start(int loops, int64_t cache_bytes)
{
    log_start("test", LOG_ERROR);
    t.views_url = test_views_database();
    settings_defaults(&t.settings);
    t.settings.database_url = test_store_database();
    t.settings.read_database_url = t.views_url;
    t.settings.database_timeout_ms = TIMEOUT_MS;
    t.settings.query_api_port = 0; /* any that is free */
    t.settings.http_loops = loops;
    t.settings.cache_bytes = cache_bytes;
    t.settings.mongodb_uri = record_uri;
    t.views = pg_new(t.views_url, "test", NULL, 60000);
    t.store = pg_new(t.settings.database_url, "test", NULL, 60000);
    make_views();
    make_keys(test_folder(), &t.settings);
    start_service();
}

void query_restart(void)
{
    query_api_free(t.api);
    start_service();
}

void query_stop(void)
{
    query_api_free(t.api);
    pg_free(t.views);
    pg_free(t.store);
    token_key_free(t.signing);
    arena_release(&t.arena);
    memset(&t, 0, sizeof(t));
}

struct query_api *query_service(void)
{
    return t.api;
}

/* ---- rows ---- */

const char *sample_id(int n)
{
    static char ids[64][UUID_TEXT];
    static int next;
    char *id = ids[next++ % 64];
    snprintf(id, UUID_TEXT, "01900000-0000-7000-8000-%012d", n);
    return id;
}

static const char *quoted(const char *s)
{
    return s ? arena_printf(&t.arena, "'%s'", s) : "NULL";
}

#define CREATED "timestamptz '2026-01-02 20:00:00.5+00' + interval '1 second' * %lld"

/* Columns that report_list, report_detail and case_inbox share; report_list has no version. */
static void add_row(const char *view, const struct sample *s, const char *extra_columns,
                    const char *extra_values)
{
    views_sql("INSERT INTO %s.%s (report_id, position, visibility, category, owner_agency, "
              "content, location, created_at, status, reporter%s) VALUES ('%s', %lld, '%s', '%s', "
              "'%s', '%s', nullif('%s', 'null')::jsonb, " CREATED ", '%s', %s%s)",
              view, view, extra_columns, s->id, (long long)s->position, s->visibility, s->category,
              s->agency, s->content, s->location, (long long)s->position, s->status,
              text_equal(s->visibility, "ANONYMOUS") ? "NULL" : quoted(user_id(s->user)),
              extra_values);
}

static void add_history(const struct sample *s)
{
    for (int64_t v = 1; v <= s->version; v++)
        views_sql("INSERT INTO report_history.report_history VALUES ('%s', %lld, %lld, '%s', %s, "
                  "'%s', %s, " CREATED ")",
                  s->id, (long long)v, (long long)(s->position + v - 1),
                  v == 1 ? "report.created" : "report.status.updated",
                  v == 1 ? "NULL" : "'RECEIVED'", v == 1 ? "RECEIVED" : s->status,
                  v == 1 ? "NULL" : quoted(s->note), (long long)(s->position + v));
}

/* A question and a comment, and lines of the history that tell more than a status. */
static void add_talk(const struct sample *s)
{
    if (!s->said)
        return;
    views_sql(
        "INSERT INTO report_conversation.report_questions (question_id, report_id, position, "
        "agency, question, asked_at) VALUES (gen_random_uuid(), '%s', %lld, '%s', '%s', now())",
        s->id, (long long)s->position, s->agency, s->said);
    views_sql("INSERT INTO report_conversation.report_comments (comment_id, report_id, position, "
              "commented_by, comment, commented_at) "
              "VALUES (gen_random_uuid(), '%s', %lld, 'author', '%s', now())",
              s->id, (long long)s->position, s->said);
    views_sql("INSERT INTO report_history.report_history (report_id, version, position, type, at, "
              "facts) VALUES ('%s', %lld, %lld, 'report.commented', now(), "
              "jsonb_build_object('text', '%s')), ('%s', %lld, %lld, 'report.assigned', now(), "
              "'{\"assignee_user_id\": \"an assignee\"}'), ('%s', %lld, %lld, 'report.escalated', "
              "now(), '{\"level\": \"a level\"}')",
              s->id, (long long)s->version + 1, (long long)s->position, s->said, s->id,
              (long long)s->version + 2, (long long)s->position, s->id, (long long)s->version + 3,
              (long long)s->position);
}

static void add_counts(const struct sample *s)
{
    views_sql("INSERT INTO case_counts.case_counts AS c VALUES ('%s', '%s', '%s', 1) "
              "ON CONFLICT (owner_agency, category, status) DO UPDATE SET cases = c.cases + 1",
              s->agency, s->category, s->status);
    if (text_equal(s->visibility, "PUBLIC"))
        views_sql("INSERT INTO report_rank.report_rank VALUES ('%s', %s, %lld, '%s', '%s')", s->id,
                  s->votes ? arena_printf(&t.arena, "%lld", (long long)s->votes) : "NULL",
                  (long long)s->position, s->category, s->status);
}

static void add_keys(const struct sample *s)
{
    views_sql(
        "INSERT INTO report_similar.report_similar SELECT key, '%s' <> 'PUBLIC', %lld, '%s' FROM "
        "(SELECT engine.text_sketch('%s', 3) AS key WHERE '%s' = 'null' UNION SELECT "
        "engine.grid_cell((place->>'latitude')::float8, (place->>'longitude')::float8) FROM "
        "(SELECT nullif('%s', 'null')::jsonb AS place) p) k WHERE key IS NOT NULL",
        s->visibility, (long long)s->position, s->id, s->content, s->location, s->location);
}

void add_sample(const struct sample *given)
{
    struct sample s = *given;
    s.user = s.user ? s.user : "citizen1";
    s.visibility = s.visibility ? s.visibility : "PUBLIC";
    s.category = s.category ? s.category : "kebersihan";
    s.agency = s.agency ? s.agency : "AGENCY_INFRA";
    s.status = s.status ? s.status : "RECEIVED";
    s.content = s.content ? s.content : "a report";
    s.version = s.version ? s.version : 1;
    s.location = s.location ? s.location : "{\"latitude\": 1.5, \"longitude\": 2.5}";
    const char *pseudonym =
        text_equal(s.visibility, "ANONYMOUS") ? quoted(pseudonym_for(s.user)) : "NULL";
    const char *at = arena_printf(&t.arena, ", " CREATED, (long long)s.position + 1);
    add_row("report_list", &s, ", last_status_at, pseudonym, questions_open",
            arena_printf(&t.arena, "%s, %s, %d", at, pseudonym, s.questions_open));
    const char *former = arena_printf(&t.arena, "array_remove(ARRAY[%s], NULL)", quoted(s.former));
    const char *priority =
        arena_printf(&t.arena, ", '%s', %s", s.priority ? s.priority : priority_words[MEDIUM],
                     s.priority ? "true" : "false");
    add_row("report_detail", &s,
            ", last_status_at, version, pseudonym, last_note, kind, former_agencies, priority, "
            "priority_set",
            arena_printf(&t.arena, "%s, %lld, %s, %s, '%s', %s%s", at, (long long)s.version,
                         pseudonym, quoted(s.note), s.kind ? s.kind : "issue", former, priority));
    add_row("case_inbox", &s,
            ", updated_at, version, last_note, former_agencies, priority, priority_set, votes, "
            "assignee, "
            "questions_open, forwarded_at, held_since, touched_at",
            arena_printf(&t.arena, "%s, %lld, %s, %s%s, nullif(%lld, 0), %s, %d, %s, %s, " CREATED,
                         at, (long long)s.version, quoted(s.note), former, priority,
                         (long long)s.votes, quoted(s.assignee), s.questions_open,
                         s.forwarded ? "now()" : "NULL", s.held ? "now()" : "NULL",
                         (long long)(s.touched ? s.touched : s.position)));
    views_sql("INSERT INTO case_texts.case_texts VALUES ('%s', '%s')", s.id, s.content);
    add_history(&s);
    add_talk(&s);
    add_counts(&s);
    add_keys(&s);
}

/* Views never stand beyond the end of the log. */
static void set_lane(int64_t position, const char *more)
{
    store_sql("UPDATE es_counter SET position = greatest(position, %lld)", (long long)position);
    views_sql("UPDATE engine.lane SET position = %lld, moved = now() WHERE name = 'main'%s",
              (long long)position, more);
}

void pass_events(int64_t position)
{
    set_lane(position, "");
}

void move_lane(int64_t position)
{
    set_lane(position, "; SELECT engine.changed(view) FROM engine.change");
}

bool lane_seen(int64_t position)
{
    int64_t end = time_monotonic() + 5000000;
    for (int64_t now; (now = time_monotonic()) < end;) {
        struct progress p = view_progress_read(t.api->view_progress, &all_views, now);
        if (p.known && p.position == position)
            return true;
        test_shell("sleep 0.005");
    }
    return false;
}

void start_with_reports(int loops, int count)
{
    query_start(loops, 1 << 20);
    for (int i = 1; i <= count; i++)
        SAMPLE(.id = sample_id(i), .position = i,
               .content = "a report that is long enough to be "
                          "worth its bytes");
    move_lane(count);
    CHECK(lane_seen(count));
}

/* ---- who asks ---- */

static const char *id_of(const char *name, char kind)
{
    unsigned n = 0;
    for (const char *c = name; *c; c++)
        n = n * 31 + (unsigned char)*c;
    return arena_printf(&t.arena, "01900000-0000-7000-%c000-%012u", kind, n);
}

const char *user_id(const char *name)
{
    return id_of(name, '9');
}

const char *session_id(const char *name)
{
    return id_of(name, 'a');
}

const char *pseudonym_for(const char *name)
{
    char *out = arena_alloc(&t.arena, PSEUDONYM_TEXT);
    pseudonym_of(t.pseudonym_secret, user_id(name), out);
    return out;
}

const char *bearer(const char *name, enum role role, const char *agency)
{
    struct claims c = {.role = role, .role_version = 1, .expires = time_now() + 600 * 1000000LL};
    scoped_text token = {0};
    snprintf(c.user_id, sizeof(c.user_id), "%s", user_id(name));
    snprintf(c.session, sizeof(c.session), "%s", session_id(name));
    snprintf(c.agency, sizeof(c.agency), "%s", agency ? agency : "");
    text_append(&token, "Bearer ");
    if (token_sign(t.signing, &c, time_now(), &token))
        exit(2);
    return arena_text(&t.arena, text_value(&token));
}
