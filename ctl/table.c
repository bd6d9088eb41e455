/* table.c -- see table.h. */
#include "ctl/table.h"

#include "base/text.h"
#include "base/banned.h"

struct table_row {
    struct table_row *next;
    const char *cells[TABLE_COLUMNS];
};

struct table table_of(const struct table_column *columns, int count)
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

void print_visible(FILE *stream, const char *line)
{
    scoped_text shown = {0};
    text_append_visible(&shown, line);
    text_append_char(&shown, '\n');
    fputs(text_value(&shown), stream);
}

void print_sentence_v(FILE *stream, const char *format, va_list args)
{
    char *line = NULL;
    if (vasprintf(&line, format, args) < 0)
        abort();
    print_visible(stream, line);
    free(line);
}

void print_sentence(FILE *stream, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_sentence_v(stream, format, args);
    va_end(args);
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
    text_append_char(&line, '}');
    print_visible(stdout, text_value(&line));
}

/* In characters, as it is shown. */
static int width_of(const char *cell)
{
    scoped_text shown = {0};
    text_append_visible(&shown, cell);
    return (int)text_characters(text_value(&shown), shown.length);
}

static int width_of_column(const struct table *t, int column)
{
    int width = width_of(t->columns[column].name);
    for (const struct table_row *r = t->first; r; r = r->next)
        if (r->cells[column] && width_of(r->cells[column]) > width)
            width = width_of(r->cells[column]);
    return width;
}

static void print_line(const struct table *t, const char *const *cells, const int *widths)
{
    scoped_text line = {0};
    for (int i = 0; i < t->count; i++) {
        const char *cell = cells[i] ? cells[i] : "-";
        int space = widths[i] - width_of(cell);
        bool right = t->columns[i].number, last = i == t->count - 1;
        text_printf(&line, "%s%*s%s%*s", i ? "  " : "", right ? space : 0, "", cell,
                    right || last ? 0 : space, "");
    }
    print_visible(stdout, text_value(&line));
}

void table_print(const struct table *t, bool json)
{
    int widths[TABLE_COLUMNS];
    const char *names[TABLE_COLUMNS];
    for (int i = 0; i < t->count; i++) {
        widths[i] = width_of_column(t, i);
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
