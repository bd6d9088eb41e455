/* table.c -- see table.h. */
#include "ctl/table.h"

#include "base/text.h"
#include "base/banned.h"

struct table_row {
    struct table_row *next;
    const char *cells[TABLE_COLUMNS];
};

struct table table_of(const struct column *columns, int count)
{
    return (struct table){.columns = columns, .count = count};
}

void table_free(struct table *t)
{
    arena_release(&t->arena);
    t->first = NULL;
    t->end = NULL;
}

void table_add(struct table *t, const char *const *cells)
{
    struct table_row *row = arena_alloc(&t->arena, sizeof(*row));
    for (int i = 0; i < t->count; i++)
        row->cells[i] = arena_text(&t->arena, cells[i]);
    *(t->end ? t->end : &t->first) = row;
    t->end = &row->next;
}

const char *cell_int(struct arena *a, long long n)
{
    return arena_printf(a, "%lld", n);
}

static void print_json(const struct table *t, const struct table_row *row)
{
    scoped_text line = {0};
    for (int i = 0; i < t->count; i++) {
        text_append(&line, i ? "," : "{");
        text_append_json(&line, t->columns[i].name);
        text_append_char(&line, ':');
        if (t->columns[i].number && row->cells[i])
            text_append(&line, row->cells[i]);
        else
            text_append_json(&line, row->cells[i]);
    }
    printf("%s}\n", text_value(&line));
}

static int width_of(const struct table *t, int column)
{
    size_t width = strlen(t->columns[column].name);
    for (const struct table_row *r = t->first; r; r = r->next)
        if (r->cells[column] && strlen(r->cells[column]) > width)
            width = strlen(r->cells[column]);
    return (int)width;
}

static void print_line(const struct table *t, const char *const *cells, const int *widths)
{
    scoped_text line = {0};
    for (int i = 0; i < t->count; i++) {
        const char *cell = cells[i] ? cells[i] : "-";
        int width = t->columns[i].number ? widths[i] : -widths[i];
        text_printf(&line, "%s%*s", i ? "  " : "", i == t->count - 1 && width < 0 ? 0 : width,
                    cell);
    }
    puts(text_value(&line));
}

void table_print(const struct table *t, bool json)
{
    int widths[TABLE_COLUMNS];
    const char *names[TABLE_COLUMNS];
    for (int i = 0; i < t->count; i++) {
        widths[i] = width_of(t, i);
        names[i] = t->columns[i].name;
    }
    if (!json)
        print_line(t, names, widths);
    for (const struct table_row *r = t->first; r; r = r->next) {
        if (json)
            print_json(t, r);
        else
            print_line(t, r->cells, widths);
    }
    fflush(stdout);
}
