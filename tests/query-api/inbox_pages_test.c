/* inbox_pages_test.c -- random cases, random filters, every order: all pages of the inbox together
 * are what a loop over the cases finds, in order, and so are the counts. */
#include "tests/query-api/fixture.h"

#include "base/time.h"

enum { CASES = 300, PEOPLE = 3, FILTER_SETS = 15 };

static const char *const agencies[] = {"a0", "a1", "a2"};
static const char *const texts[] = {"a broken Lamp", "a broken lamp, 50% of the light",
                                    "rubbish at street_9", "RUBBISH at street 19",
                                    "the only zebra"};
static const char *const searched[] = {"lamp", "LAMP",  "50%25",       "_9",
                                       "at",   "zebra", "no such text"};
static const char *const searched_plain[] = {"lamp", "lamp",  "50%",         "_9",
                                             "at",   "zebra", "no such text"};

static struct inbox_case {
    struct sample sample;
    char id[UUID_TEXT], category[8];
    enum priority priority; /* that is shown */
    enum { RUNNING, PAUSED, ENDED } standing;
    int seconds; /* each case's its own; negative: overdue */
} cases[CASES];

static unsigned seed = 7;

static int pick(int below)
{
    seed = seed * 1103515245u + 12345u;
    return (int)(seed >> 16) % below;
}

static const char *person(int i)
{
    static const char *const names[] = {"officer1", "officer2", "officer3"};
    return user_id(names[i]);
}

/* Nearly all broken lamps have an assignee, and nothing else has: each of the two is common, a lamp
 * without one is rare. */
static void make_case(int n)
{
    struct inbox_case *c = &cases[n];
    int agency = pick(5) % 3 ? 1 : pick(3), text = pick(100) ? pick(4) : 4,
        set = pick(3) ? -1 : pick(PRIORITY_COUNT);
    snprintf(c->id, sizeof(c->id), "%s", sample_id(n + 1));
    snprintf(c->category, sizeof(c->category), "c%d%d", agency, pick(2));
    c->sample =
        (struct sample){.id = c->id,
                        .position = (n + 1) * 3,
                        .category = c->category,
                        .agency = agencies[agency],
                        .status = status_words[pick(4) ? pick(2) : pick(STATUS_COUNT)],
                        .content = texts[text],
                        .priority = set < 0 ? NULL : priority_words[set],
                        .votes = pick(10) ? pick(20) : 25 + pick(10),
                        .assignee = (text < 2) == (pick(20) > 0) ? person(pick(PEOPLE)) : NULL,
                        .touched = 1 + pick(50),
                        .questions_open = pick(20) ? 0 : 1 + pick(2),
                        .forwarded = !pick(30),
                        .held = !pick(15)};
    c->priority = set >= 0 ? (enum priority)set : c->sample.votes >= 25 ? HIGH : MEDIUM;
    add_sample(&c->sample);
    static const char *const standings[] = {"running", "paused", "met"};
    c->standing = RUNNING;
    if (!pick(6))
        c->standing = pick(2) ? ENDED : PAUSED;
    c->seconds = ((n * 7) % CASES - 20) * 1000 + 500;
    CLOCK(.id = c->id, .standing = standings[c->standing], .seconds = c->seconds);
}

static void make_cases(void)
{
    query_start(1, 0);
    views_sql("BEGIN");
    for (int n = 0; n < CASES; n++)
        make_case(n);
    views_sql("COMMIT; ANALYZE");
}

/* ---- filters ---- */

/* NULL or -1: not given. */
struct inbox_filter {
    const char *agency, *category, *assignee;
    int status, priority, waiting, forwarded, on_hold, overdue, text;
    enum inbox_sort sort;
};

static int perhaps(int one_of, int below)
{
    return pick(one_of) ? -1 : pick(below);
}

static struct inbox_filter random_filter(enum inbox_sort sort)
{
    struct inbox_filter f = {.status = perhaps(4, STATUS_COUNT),
                             .priority = perhaps(6, PRIORITY_COUNT),
                             .waiting = perhaps(3, 2),
                             .forwarded = perhaps(4, 2),
                             .on_hold = perhaps(4, 2),
                             .overdue = perhaps(3, 2),
                             .text = perhaps(3, sizeof(searched) / sizeof(searched[0])),
                             .sort = sort};
    static const char *const categories[] = {"c00", "c11"};
    f.category = pick(4) ? NULL : categories[pick(2)];
    f.agency = pick(3) ? "a1" : NULL;
    f.assignee = pick(2) ? NULL : pick(3) ? "none" : person(0);
    return f;
}

static bool fits(const struct inbox_case *c, const struct inbox_filter *f)
{
    const struct sample *s = &c->sample;
    bool unassigned = f->assignee && text_equal(f->assignee, "none");
    return (!f->agency || text_equal(f->agency, s->agency)) &&
           (!f->category || text_equal(f->category, s->category)) &&
           (!f->assignee || (unassigned ? !s->assignee : text_equal(f->assignee, s->assignee))) &&
           (f->priority < 0 || (enum priority)f->priority == c->priority) &&
           (f->waiting < 0 || f->waiting == (s->questions_open > 0)) &&
           (f->forwarded < 0 || f->forwarded == s->forwarded) &&
           (f->on_hold < 0 || f->on_hold == s->held) &&
           (f->overdue < 0 || f->overdue == (c->standing != ENDED && c->seconds < 0)) &&
           (f->text < 0 || strcasestr(s->content, searched_plain[f->text]));
}

static bool has_status(const struct inbox_case *c, const struct inbox_filter *f)
{
    return f->status < 0 || text_equal(status_words[f->status], c->sample.status);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Running by when it is due, paused by what is left. */
static int compare_due(const struct inbox_case *a, const struct inbox_case *b)
{
    int by = compare_numbers(a->standing, b->standing);
    return by || a->standing == ENDED ? by : compare_numbers(a->seconds, b->seconds);
}

static enum inbox_sort order;

static int compare_cases(const void *left, const void *right)
{
    const struct inbox_case *a = *(const struct inbox_case *const *)left,
                            *b = *(const struct inbox_case *const *)right;
    int newer = compare_numbers(b->sample.position, a->sample.position), by = 0;
    switch (order) {
    case INBOX_BY_NEWEST:
    case INBOX_SORT_COUNT: break;
    case INBOX_BY_OLDEST: return -newer;
    case INBOX_BY_PRIORITY: by = compare_numbers(b->priority, a->priority); break;
    case INBOX_BY_DUE: by = compare_due(a, b); break;
    case INBOX_BY_TOUCHED: by = compare_numbers(b->sample.touched, a->sample.touched); break;
    }
    return by ? by : newer;
}

/* Ids in order, each followed by a blank. */
static void expected_ids(const struct inbox_filter *f, struct text *out)
{
    const struct inbox_case *found[CASES];
    size_t count = 0;
    for (int n = 0; n < CASES; n++)
        if (fits(&cases[n], f) && has_status(&cases[n], f))
            found[count++] = &cases[n];
    order = f->sort;
    qsort(found, count, sizeof(found[0]), compare_cases);
    for (size_t i = 0; i < count; i++)
        text_printf(out, "%s ", found[i]->sample.id);
}

static void check_counts(const struct response *r, const struct inbox_filter *f, const char *path)
{
    for (int s = 0; s < STATUS_COUNT; s++) {
        char expected[64];
        int count = 0;
        for (int n = 0; n < CASES; n++)
            count += fits(&cases[n], f) && text_equal(cases[n].sample.status, status_words[s]);
        snprintf(expected, sizeof(expected), "\"%s\" : ", status_words[s]);
        bool shown = has(r, expected);
        snprintf(expected, sizeof(expected), "\"%s\" : %d", status_words[s], count);
        if (count ? !has(r, expected) : shown)
            test_fail(__FILE__, __LINE__, path, r->body, expected);
    }
}

/* ---- walking ---- */

static void write_path(struct text *path, const struct inbox_filter *f, int limit)
{
    static const char *const flags[] = {"false", "true"};
    text_printf(path, "/cases/inbox?limit=%d&sort=%s", limit, inbox_sort_words[f->sort]);
    if (f->agency)
        text_printf(path, "&agency=%s", f->agency);
    if (f->category)
        text_printf(path, "&category=%s", f->category);
    if (f->assignee)
        text_printf(path, "&assignee=%s",
                    text_equal(f->assignee, person(0)) && pick(2) ? "me" : f->assignee);
    if (f->status >= 0)
        text_printf(path, "&status=%s", status_words[f->status]);
    if (f->priority >= 0)
        text_printf(path, "&priority=%s", priority_words[f->priority]);
    if (f->waiting >= 0)
        text_printf(path, "&waiting=%s", flags[f->waiting]);
    if (f->forwarded >= 0)
        text_printf(path, "&forwarded=%s", flags[f->forwarded]);
    if (f->on_hold >= 0)
        text_printf(path, "&on_hold=%s", flags[f->on_hold]);
    if (f->overdue >= 0)
        text_printf(path, "&overdue=%s", flags[f->overdue]);
    if (f->text >= 0)
        text_printf(path, "&q=%s", searched[f->text]);
    for (char *blank = path->at; blank && (blank = strchr(blank, ' '));)
        *blank = '+';
}

/* Appends the ids a page shows, and returns how many. */
static int add_ids(const struct response *r, struct text *out)
{
    static const char member[] = "\"report_id\":\"";
    int n = 0;
    for (const char *at = r->body; (at = strstr(at, member)); n++) {
        at += sizeof(member) - 1;
        text_append_bytes(out, at, UUID_TEXT - 1);
        text_append(out, " ");
    }
    return n;
}

/* Returns how many pages were short and yet went on. */
static int walk(const struct inbox_filter *f, const char *token, int limit)
{
    int short_pages = 0;
    scoped_text path = {0}, found = {0}, expected = {0};
    char cursor[128] = "";
    write_path(&path, f, limit);
    expected_ids(f, &expected);
    for (int pages = 0; pages < 2 * CASES; pages++) {
        scoped_text url = {0};
        text_printf(&url, "%s%s%s", text_value(&path), *cursor ? "&cursor=" : "", cursor);
        scoped_response r = get(text_value(&url), token, NULL);
        CHECK_INT(r.status, 200);
        int shown = add_ids(&r, &found);
        CHECK(shown <= limit);
        check_counts(&r, f, text_value(&path));
        if (!member(&r, "next", cursor, sizeof(cursor)))
            break;
        short_pages += shown < limit;
    }
    if (!text_equal(text_value(&found), text_value(&expected)))
        test_fail(__FILE__, __LINE__, text_value(&path), text_value(&found), text_value(&expected));
    return short_pages;
}

TEST(all_pages_together_are_the_cases_that_fit_in_order)
{
    make_cases();
    const char *officer = bearer("officer1", SUPERVISOR, "a1"),
               *admin = bearer("officer1", ADMIN, NULL);
    for (int sort = 0; sort < INBOX_SORT_COUNT; sort++)
        for (int i = 0; i < FILTER_SETS; i++) {
            struct inbox_filter f = random_filter((enum inbox_sort)sort);
            walk(&f, f.agency && pick(2) ? officer : admin, i % 3 ? 1 + i % 3 : 7);
        }
    query_stop();
}

/* Only so many rows are looked at for a page: where a lamp without assignee is not among them, the
 * page goes on behind them. */
TEST(short_pages_lose_and_repeat_nothing)
{
    make_cases();
    const char *admin = bearer("officer1", ADMIN, NULL);
    for (int sort = 0; sort < INBOX_SORT_COUNT; sort++)
        for (int i = 0; i < 4; i++) {
            struct inbox_filter f = {.agency = i % 2 ? "a1" : NULL,
                                     .assignee = "none",
                                     .status = i < 2 ? -1 : RECEIVED,
                                     .priority = -1,
                                     .waiting = -1,
                                     .forwarded = -1,
                                     .on_hold = -1,
                                     .overdue = -1,
                                     .text = 0,
                                     .sort = (enum inbox_sort)sort};
            int short_pages = walk(&f, admin, 1);
            CHECK(short_pages > 0);
        }
    query_stop();
}

TEST(an_officer_of_another_agency_finds_none_of_them)
{
    make_cases();
    const char *stranger = bearer("officer2", OFFICER, "AGENCY_HEALTH");
    for (int sort = 0; sort < INBOX_SORT_COUNT; sort++)
        for (int i = 0; i < FILTER_SETS; i++) {
            struct inbox_filter f = random_filter((enum inbox_sort)sort);
            scoped_text path = {0};
            f.agency = NULL;
            write_path(&path, &f, 50);
            scoped_response r = get(text_value(&path), stranger, NULL);
            if (!has(&r, "\"data\" : []") || !has(&r, "\"counts\" : {}") ||
                !has(&r, "\"next\":null"))
                test_fail(__FILE__, __LINE__, text_value(&path), r.body, NULL);
        }
    query_stop();
}
