/* view.h -- one file of features/<name>/views/ as the engine runs it. A file holds, in this order
 * of words:
 *
 *     -- :lane <name>                     its home, if that is not lane main: the views of a home
 * have one checkpoint, and wait for none of another one
 *     -- :tables                          its tables and indexes, unqualified; once, first
 *     -- :members report_id uuid, …       members of `data` that statements below may name as
 *                                         columns of `batch`, and their types, also such as
 *                                         numeric(9,6); may be repeated
 *     -- :on report.created, …            one statement over the relation `batch`, for these types
 *     -- :version <table> <key> <kind>    table.version = last version of each stream <kind>-…,
 *                                         on every event of it that no :on of the file names:
 *                                         those statements write it themselves, in the same row
 *
 * `batch` has a row an event and the columns that the statement names, of these: position bigint,
 * stream text, version bigint, type text, time timestamptz, data jsonb, and the members. A member
 * that the event has not, or has as null, is NULL; one that is no value of its type is a fault of
 * the event. `data` is parsed by the database whenever it is named: members cost a tenth.
 *
 * A line "-- :fragment <name>" (events/sql_fragment.h) stands for what a feature's table says; the
 * text and the digest of a view are those with it filled in, so that another rule is another view.
 *
 * The view is named like its file and lives in a schema of that name. */
#pragma once

#include "base/embedded.h"
#include "events/event.h"
#include "platform/postgres/postgres.h"

/* One column of a statement's `batch`: an array, $1, $2 … in their order. */
struct batch_column {
    enum batch_source {
        OF_POSITION,
        OF_STREAM,
        OF_VERSION,
        OF_TYPE,
        OF_TIME,
        OF_DATA,
        OF_MEMBER,
        OF_MEMBER_AS_JSON
    } source;
    const char *name, *type;
};

enum { BATCH_COLUMNS = 64 }; /* at most */

#define VIEW_HOME "main"

/* Where PostGIS is: behind a view's own schema in the search_path that its tables are made and its
 * statements are run with. The read migrations make it. */
#define VIEW_POSTGIS "postgis"

struct view_statement {
    struct pg_statement sql;
    const struct batch_column *columns;
    int column_count;
    const char *const *types; /* events it is given, ended by NULL */
    const char *prefix;       /* of a :version statement, else NULL: given are the events of such
                                 streams that are not of `types` */
    const char *table, *key;  /* of a :version statement; its sql is made by view_complete */
};

struct view {
    const char *name;          /* and schema; set by view_place alone, with `enter` */
    const char *digest;        /* of `text` */
    const char *text;          /* the file, fragments filled in */
    const char *home;          /* the lane in which it stands once it has caught up */
    const char *tables;        /* DDL */
    struct pg_statement enter; /* makes its tables those that the others mean, in a transaction */
    struct view_statement *statements;
    int count;
    const struct view_fold *fold; /* it keeps the tables, and there are no statements; else NULL */
};

/* Which types there are and how old ones are raised: the real ones, or those of a test. */
struct language {
    int (*version_of)(const char *type); /* current schema version; 0: no such type */
    const struct upcaster *upcasters;
};

/* NOT_STARTED after a logged line that names file, line and fault: a misspelt type is one. Texts
 * live in `a`. */
fallible view_parse(const struct embedded *file, const struct language *language, struct arena *a,
                    struct view *out);

/* Lower case, digits and _, and no name that a schema has already. */
bool view_is_name(const char *name);
/* Sets text and digest. */
void view_set_text(struct view *v, const char *text, struct arena *a);

/* Lets it live in another schema, and be named like that; before view_complete. */
void view_place(struct view *v, const char *schema, struct arena *a);

/* Creates the view's schema and tables, within the caller's transaction. As pg_run. */
fallible view_create(const struct view *v, struct pg *db);

/* Makes the sql of the :version statements, which needs the type of their key: the view's tables
 * must be there. NOT_STARTED, logged, if table, key or version column are missing; else as pg_call.
 */
fallible view_complete(struct view *v, struct pg *db, struct arena *a);
