/* sight_sql.c -- sight.def as SQL, for the queries about one report: a CASE with a WHEN for each
 * cell of the table that shows something. Those that show all come first, so that the widest
 * counts. A comparison with NULL is not true. */
#include "features/report/sight.h"

#include "base/text.h"
#include "base/banned.h"

static const char sent_to_it[] =
    " AND EXISTS (SELECT FROM dispatch_list.dispatch_list d JOIN patrol_list.patrol_crew c "
    "USING (patrol_id) WHERE d.report_id = r.report_id AND c.user_id = $2 AND d.status IN "
    "('OFFERED', 'ACCEPTED', 'ARRIVED'))";

static void append_who(struct text *sql, const struct sight_row *row)
{
    const char *comma = "";
    if (row->tie & BY_AUTHOR)
        text_append(sql, " AND (r.reporter = $2 OR r.pseudonym = $3)");
    if (row->tie & OF_AGENCY)
        text_append(sql, " AND r.owner_agency = $5");
    if (row->tie & OF_FORMER_AGENCY)
        text_append(sql, " AND r.former_agencies @> ARRAY[$5::text]");
    if (row->tie & SENT_TO_IT)
        text_append(sql, sent_to_it);
    if (row->roles == ANYBODY)
        return;
    text_append(sql, " AND $4 IN (");
    for (int i = 0; i < ROLE_COUNT; i++)
        if (row->roles & 1 << i) {
            text_printf(sql, "%s'%s'", comma, role_words[i]);
            comma = ", ";
        }
    text_append(sql, ")");
}

static void append_cell(struct text *sql, const struct sight_row *row, int visibility)
{
    text_printf(sql, "\n WHEN r.visibility = '%s'", visibility_words[visibility]);
    append_who(sql, row);
    if (row->of[visibility] == IF_CRIME)
        text_printf(sql, " AND r.kind = '%s'", category_kind_words[CRIME]);
    if (!row->withdrawn)
        text_printf(sql, " AND r.status <> '%s'", status_words[WITHDRAWN]);
    text_printf(sql, " THEN '%s'", row->of[visibility] == OPEN_PART ? "OPEN_PART" : "ALL");
}

static void append_cells(struct text *sql, bool open_part)
{
    for (int i = 0; i < sight_row_count; i++)
        for (int v = 0; v < VISIBILITY_COUNT; v++) {
            enum sight s = sight_rows[i].of[v];
            if (s != NOTHING && (s == OPEN_PART) == open_part)
                append_cell(sql, &sight_rows[i], v);
        }
}

void append_report_sight(struct text *sql)
{
    text_append(sql, "CASE");
    append_cells(sql, false);
    append_cells(sql, true);
    text_append(sql, " END\n");
}
