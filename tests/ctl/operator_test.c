/* operator_test.c -- the verbs an operator uses, each on a small log: what they show, what they
 * change, and that what destroys something asks. */
#include "tests/ctl/small_city.h"

#include "view_engine/rebuild.h"

static int count_of(const char *words)
{
    int n = 0;
    for (const char *at = output; (at = strstr(at, words)); at++)
        n++;
    return n;
}

/* ---- looking ---- */

TEST(tail_prints_cloudevents)
{
    struct small_city c = city_of_a_day();
    scoped_arena a = {0};
    CHECK_INT(ctl(&c, "tail --from 8 --to 8 --json"), 0);
    const char *path = arena_printf(&a, "%s/event", test_folder());
    FILE *f = fopen(path, "we");
    CHECK(f && fputs(output, f) >= 0);
    if (f)
        fclose(f);
    test_shell("python3 - %s <<'END'\n"
               "import json, sys\n"
               "e = json.load(open(sys.argv[1]))\n"
               "assert e['specversion'] == '1.0' and e['type'] == 'report.status.updated', e\n"
               "assert e['subject'] == 'report-00000000-0000-7000-8000-000000000003', e\n"
               "assert e['sequence'] == '%%020d' %% 8 and e['streamversion'] == '2', e\n"
               "assert e['dataschema'] == '/schemas/report.status.updated/1', e\n"
               "assert e['source'].startswith('urn:citywatch:') and e['time'].endswith('Z'), e\n"
               "assert e['correlationid'] == 'c-1' and 'traceparent' not in e, e\n"
               "assert e['data']['new_status'] == 'IN_PROGRESS' and e['epoch'] == '1', e\nEND",
               path);
    city_leave(&c);
}

TEST(tail_follows_the_log_from_its_end)
{
    struct small_city c = city_of_a_day();
    test_shell("(DATABASE_URL='%s' timeout 30 " CITYWATCHCTL " tail --to 12 >%s/tailed; "
               "echo $? >%s/code) & sleep 1",
               c.log_url, test_folder(), test_folder());
    file_report(&c, 8);
    test_shell("for i in $(seq 200); do test -s %s/code && break; sleep 0.1; done; "
               "test \"$(cat %s/code)\" = 0 && test \"$(wc -l <%s/tailed)\" = 1 && "
               "grep -q '^12 .*n 8' %s/tailed",
               test_folder(), test_folder(), test_folder(), test_folder());
    city_leave(&c);
}

TEST(lag_is_counted_from_the_head_of_the_store)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "lag --json"), 0);
    int rows = 2; /* of the store and of Redis, and one a view */
    for (const struct embedded *f = view_files; f->name; f++)
        rows++;
    for (const struct view_fold *f = view_folds; f->name; f++)
        rows++;
    CHECK_INT(count_of("\"position\":11,\"behind\":0,\"age\":0.0"), rows);
    file_report(&c, 8);
    file_report(&c, 9);
    change(c.log,
           "UPDATE es_event SET recorded = now() - interval '90 seconds' WHERE position = 12");
    CHECK_INT(ctl(&c, "lag --json"), 0);
    CHECK(said("{\"part\":\"store\",\"name\":\"log\",\"position\":13,\"behind\":0,\"age\":0.0"));
    CHECK(said(
        "{\"part\":\"redis\",\"name\":\"{events}:all\",\"position\":11,\"behind\":2,\"age\":9"));
    CHECK(said("\"name\":\"report_list\",\"position\":11,\"behind\":2,\"age\":9"));
    CHECK_INT(ctl(&c, "lag"), 0);
    CHECK(said("part   name"));
    city_leave(&c);
}

TEST(the_lag_of_a_group_is_counted_from_positions)
{
    struct small_city c = city_of_a_day();
    test_shell("p=%d; redis-cli -p $p XGROUP CREATE '{events}:report' mail 0 >/dev/null && "
               "redis-cli -p $p XREADGROUP GROUP mail one COUNT 3 STREAMS '{events}:report' '>' "
               ">/dev/null && redis-cli -p $p XACK '{events}:report' mail 1-0 >/dev/null && "
               "redis-cli -p $p XTRIM '{events}:report' MAXLEN 2 >/dev/null",
               test_redis_port());
    CHECK_INT(ctl(&c, "groups --json"), 0);
    CHECK_TEXT(output,
               "{\"key\":\"{events}:report\",\"group\":\"mail\",\"consumers\":1,\"pending\":2,"
               "\"position\":3,\"lag\":6}\n");
    city_leave(&c);
}

/* ---- the copy in Redis ---- */

TEST(trim_removes_all_of_it_however_much_there_is)
{
    struct small_city c = city_of_a_day();
    change(c.log, "UPDATE es_counter SET position = 30000");
    test_shell("redis-cli -p %d eval \"for i = 12, 30000 do redis.call('XADD', KEYS[1], i .. '-0', "
               "'a', 'b') end\" 1 '{events}:all' >/dev/null",
               test_redis_port());
    CHECK_INT(ctl(&c, "trim --keep 1000 --yes"), 0);
    test_shell("n=$(redis-cli -p %d XLEN '{events}:all'); test $n -ge 1000 -a $n -lt 1100",
               test_redis_port());
    city_leave(&c);
}

TEST(trim_tells_what_goes_before_it_goes)
{
    struct small_city c = city_found();
    for (int n = 1; n <= 450; n++)
        file_report(&c, n);
    publish_all(&c);
    CHECK_INT(ctl(&c, "trim --dry-run --keep 100 --json"), 0);
    CHECK(said(
        "{\"key\":\"{events}:all\",\"entries\":450,\"first\":1,\"last\":450,\"removes\":350,"));
    CHECK_INT(ctl(&c, "trim --dry-run"), 0);
    CHECK(!strstr(output, "350"));
    CHECK_INT(ctl(&c, "trim --keep 100"), 1);
    CHECK(said("--yes says that it is meant"));
    CHECK_INT(ctl(&c, "verify redis"), 0);
    CHECK_INT(ctl(&c, "lag"), 0);
    CHECK_INT(ctl(&c, "trim --keep 100 --yes"), 0);
    CHECK(said(" entries removed"));
    CHECK_INT(ctl(&c, "verify redis"), 0);
    test_shell("n=$(redis-cli -p %d XLEN '{events}:all'); test $n -ge 100 -a $n -lt 200",
               test_redis_port()); /* whole nodes go */
    city_leave(&c);
}

TEST(republish_makes_the_relay_begin_anew)
{
    struct small_city c = city_of_a_day();
    test_shell("redis-cli -p %d XDEL '{events}:all' 4-0 >/dev/null", test_redis_port());
    CHECK_INT(ctl(&c, "republish"), 1);
    CHECK(said("10 events"));
    CHECK_INT(ctl(&c, "verify redis"), 1);
    CHECK_INT(ctl(&c, "republish --yes"), 0);
    publish_all(&c);
    CHECK_INT(ctl(&c, "verify redis"), 0);
    city_leave(&c);
}

TEST(an_epoch_is_shown_and_raised_once)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "epoch show --json"), 0);
    CHECK_INT(count_of("\"epoch\":1,\"position\":11"), 5); /* store, Redis, three lanes */
    CHECK_INT(ctl(&c, "epoch raise"), 1);
    CHECK(said("This begins epoch 2"));
    CHECK_INT(number(c.log, "SELECT epoch FROM es_store"), 1);
    CHECK_INT(ctl(&c, "epoch raise --yes"), 0);
    CHECK(said("\n2\n"));
    CHECK_INT(number(c.log, "SELECT epoch FROM es_store"), 2);
    CHECK_INT(ctl(&c, "verify"), 1);
    CHECK(said("redis {events}:meta: epoch is 1, the store says 2"));
    CHECK(said("views report_list: epoch is 1, the store says 2"));
    publish_all(&c);
    CHECK_INT(ctl(&c, "verify redis"), 0);
    city_leave(&c);
}

TEST(an_epoch_can_be_raised_above_all_that_other_lives_have_had)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "epoch raise --above 20261129100000 --yes"), 0);
    CHECK(said("20261129100001\n"));
    CHECK(number(c.log, "SELECT epoch FROM es_store") == INT64_C(20261129100001));
    CHECK_INT(ctl(&c, "epoch raise --above 7 --yes"), 0); /* never below what there was */
    CHECK(number(c.log, "SELECT epoch FROM es_store") == INT64_C(20261129100002));
    publish_all(&c);
    CHECK_INT(ctl(&c, "verify redis"), 0);
    const char *wrong[] = {"raise --above x --yes", "raise --above 0 --yes", "show --above 3",
                           "raise --above 1000000000000001 --yes"};
    for (int i = 0; i < 4; i++)
        CHECK_INT(ctl(&c, "epoch %s", wrong[i]), 2);
    city_leave(&c);
}

TEST(a_check_of_backups_says_when_there_is_nothing_to_check)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "backup check"), 1);
    CHECK(said("the city was started without BACKUP_DIR"));
    const char *wrong[] = {"", "make", "check now", "check --max-age 0", "check --max-age day"};
    for (int i = 0; i < 5; i++)
        CHECK_INT(ctl(&c, "backup %s", wrong[i]), 2);
    city_leave(&c);
}

/* ---- parked ---- */

TEST(parked_events_are_listed_shown_and_retried)
{
    struct small_city c = poisoned_city();
    CHECK_INT(ctl(&c, "parked list --json"), 0);
    CHECK(said("{\"view\":\"report_list\",\"stream\":\"" FIFTH
               "\",\"events\":2,\"position\":5,\"type\":\"report.created\",\"attempts\":1,"));
    CHECK_INT(ctl(&c, "parked show report_list " FIFTH), 0);
    CHECK(said("23514: ") && said("follows a parked event"));
    CHECK_INT(ctl(&c, "parked show report_list report-x"), 1);
    CHECK_INT(ctl(&c, "verify"), 0); /* a view without what is parked is what it should be */
    CHECK_INT(ctl(&c, "parked retry report_list " FIFTH), 1);
    CHECK(said("2 events of " FIFTH " are still parked"));
    CHECK_INT(ctl(&c, "parked retry no_view " FIFTH), 2);
    CHECK_INT(ctl(&c, "parked show no_view " FIFTH), 2);
    CHECK_INT(ctl(&c, "parked discard no_view " FIFTH " --reason x --yes"), 2);
    CHECK(said("there is no view \"no_view\""));
    change(c.views, "ALTER TABLE report_list.report_list DROP CONSTRAINT poison");
    CHECK_INT(ctl(&c, "parked retry report_list " FIFTH), 0);
    CHECK_INT(number(c.views, "SELECT count(*) FROM engine.parked"), 0);
    CHECK_INT(number(c.views, "SELECT count(*) FROM report_list.report_list"), 6);
    CHECK_INT(ctl(&c, "verify"), 0);
    city_leave(&c);
}

TEST(a_discarded_event_leaves_a_record_and_frees_what_waits_behind_it)
{
    struct small_city c = poisoned_city();
    CHECK_INT(ctl(&c, "parked discard report_list " FIFTH " --reason 'sent by mistake'"), 1);
    CHECK(said("This leaves event 5 (report.created)"));
    CHECK_INT(number(c.views, "SELECT count(*) FROM engine.parked"), 2);
    int64_t revision = number(c.views, "SELECT revision FROM engine.lane WHERE name = 'main'");
    CHECK_INT(ctl(&c, "parked discard report_list " FIFTH " --reason 'sent by mistake' --yes"), 0);
    CHECK_INT(number(c.views, "SELECT count(*) FROM engine.parked"), 0);
    CHECK(number(c.views, "SELECT revision FROM engine.lane WHERE name = 'main'") > revision);
    CHECK_INT(number(c.views,
                     "SELECT count(*) FROM engine.discarded WHERE position = 5 AND reason = "
                     "'sent by mistake' AND error LIKE '23514: %'"),
              1);
    CHECK_INT(number(c.views, "SELECT count(*) FROM report_list.report_list WHERE "
                              "'report-' || report_id = '" FIFTH "'"),
              0);
    CHECK_INT(ctl(&c, "parked show report_list " FIFTH " --json"), 0);
    CHECK(said("\"state\":\"discarded\"") && said("\"reason\":\"sent by mistake\""));
    CHECK_INT(ctl(&c, "verify"), 0);
    CHECK_INT(ctl(&c, "parked discard report_list " FIFTH " --reason again --yes"), 1);
    move_report(&c, 5, 2, "IN_PROGRESS", "RESOLVED"); /* the stream flows */
    project_all(&c);
    CHECK_INT(number(c.views, "SELECT count(*) FROM engine.parked"), 0);
    CHECK_INT(ctl(&c, "verify views"), 0);
    city_leave(&c);
}

TEST(a_rebuild_tells_programs_how_far_it_is_and_how_fast_it_was)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "rebuild report_list --json"), 1); /* nobody is asked */
    CHECK(said("there is nobody to ask"));
    CHECK_INT(ctl(&c, "rebuild report_list --json --yes"), 0);
    scoped_arena a = {0};
    CHECK(
        said(arena_printf(&a, "{\"view\":\"report_list\",\"began\":0,\"events\":%lld,\"of\":%lld,",
                          (long long)c.head, (long long)c.head)));
    CHECK(said("\"events_per_second\":") && said("\"done\":true}\n"));
    CHECK_INT(count_of("\"done\":true"), 1);
    CHECK_INT(ctl(&c, "verify report_list"), 0);
    city_leave(&c);
}

/* Leaves what a rebuild of this view has filled after one page, as one that was killed. */
static void fill_one_page(const struct small_city *c, const char *view)
{
    bool done;
    struct rebuild *r;
    struct pg *log = pg_new(c->log_url, "test store", NULL, 5000);
    struct store *store = store_new(log);
    struct rebuild_parts parts = {view_files, &event_language, store,
                                  pg_new(c->views_url, "test rebuild", views_session, 5000), NULL};
    CHECK_OK(rebuild_begin(&parts, view, &r));
    CHECK_OK(rebuild_step(r, &done));
    CHECK(!done);
    rebuild_free(r);
    pg_free(parts.views);
    store_free(store);
    pg_free(log);
}

TEST(a_rebuild_that_was_killed_is_gone_on_with_and_says_so)
{
    struct small_city c = city_found();
    scoped_arena a = {0};
    change(c.log,
           arena_printf(
               &a,
               "WITH c AS (UPDATE es_counter SET position = 8000) "
               "INSERT INTO es_event (position, stream, version, category, event_id, type, schema, "
               "data, meta) SELECT n, 'report-' || id, 1, 'report', id, '%s', %d, "
               "$data$%s$data$::jsonb || jsonb_build_object('report_id', id), "
               "'{}' FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 8000) n) x",
               event_name(ReportCreated), event_version(ReportCreated),
               event_sample(&a, ReportCreated, "{}")));
    c.head = 8000;
    project_all(&c);
    fill_one_page(&c, "report_list");
    CHECK_INT(ctl(&c, "rebuild report_list"), 1);
    CHECK(said("report_list_v2, which a rebuild that came to no end has filled up to event 5000"));
    CHECK_INT(ctl(&c, "rebuild report_list --json --yes"), 0);
    CHECK(said("\"began\":5000,\"events\":8000,\"of\":8000,"));
    CHECK_INT(ctl(&c, "verify report_list"), 0);
    fill_one_page(&c, "report_list");
    CHECK_INT(ctl(&c, "rebuild report_list --drop --yes"), 0);
    CHECK(said("report_list_v3, which is not whole, will be dropped."));
    CHECK_INT(ctl(&c, "rebuild report_list --yes"), 0);
    CHECK(said("report_list_v3 will be filled from the beginning of the log"));
    city_leave(&c);
}

TEST(the_views_whose_file_has_changed_are_rebuilt_and_no_other)
{
    struct small_city c = city_of_a_day();
    CHECK_INT(ctl(&c, "rebuild --changed --yes"), 0);
    CHECK(said("Every view is as its file makes it."));
    change(c.views, "UPDATE engine.view SET digest = 'of another file' WHERE name IN "
                    "('report_list', 'category_list')");
    CHECK_INT(ctl(&c, "rebuild --changed"), 1);
    CHECK(said("category_list_v2 will be filled from the beginning of the log, by the changed "
               "file, and then serve"));
    CHECK_INT(ctl(&c, "rebuild --changed --json --yes"), 0);
    CHECK_INT(count_of("\"done\":true"), 2);
    CHECK(said("{\"view\":\"report_list\"") && said("{\"view\":\"category_list\""));
    CHECK_INT(ctl(&c, "verify views"), 0);
    CHECK_INT(ctl(&c, "rebuild --changed --json --yes"), 0);
    CHECK_INT(count_of("view"), 0);
    city_leave(&c);
}
