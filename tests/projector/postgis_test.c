/* postgis_test.c -- a view names what PostGIS has without its schema, when it is made, kept and
 * rebuilt; so does a query. */
#include "tests/projector/rebuild_bench.h"

static const struct embedded places[] = {
    {"places.sql",
     "-- :tables\nCREATE TABLE place (report_id uuid PRIMARY KEY, at geometry(Point, 4326));\n"
     "CREATE INDEX place_at ON place USING gist (at);\n"
     "-- :members report_id uuid\n"
     "-- :on report.created\nINSERT INTO place SELECT report_id, "
     "ST_SetSRID(ST_MakePoint(107 + position / 1000.0, -6), 4326) FROM batch;\n"},
    {NULL, NULL}};

TEST(a_view_has_places_and_is_rebuilt_with_them)
{
    struct bench b = bench_open();
    struct projector p = projector_with(&b, places, &event_language);
    struct builder w = builder_open(&b, places);
    CHECK(reaches(&b, &p, append_day(&b, 1)));
    CHECK_OK(rebuild_once(&w, "places"));
    CHECK(reaches(&b, &p, append_day(&b, 100)));
    check_equal(&b, "places", "places_v1");
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM places.place"), 2 * REPORTS_OF_A_DAY);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM pg_indexes WHERE indexname = 'place_at' AND "
                                "schemaname IN ('places', 'places_v1')"),
              2);
    CHECK_INT(ask_int(b.reader, "SELECT count(*) FROM pg_proc WHERE proname = 'st_makepoint' AND "
                                "pronamespace <> 'postgis'::regnamespace"),
              0);
    builder_close(&w);
    projector_close(&p);
    bench_close(&b);
}

TEST(a_query_measures_in_metres)
{
    const char *const sessions[] = {reader_session, progress_session};
    const char *url = test_views_database();
    for (int i = 0; i < 2; i++) {
        struct pg *db = pg_new(url, "test query", sessions[i], 5000);
        CHECK_INT(ask_int(db, "SELECT round(ST_DistanceSphere(ST_MakePoint(107, -6), "
                              "ST_MakePoint(107, -7)) / 1000)::int"),
                  111);
        CHECK_INT(ask_int(db, "SELECT (similarity('a', 'a') * 100)::int"), 100);
        pg_free(db);
    }
}
