/* metrics_test.c -- the figures as Prometheus reads them. */
#include "platform/process/metrics.h"

#include <pthread.h>

#include "base/arena.h"
#include "tests/support/harness.h"
#include "base/banned.h"

/* The rest of the line that begins with `name` and a space, or NULL. */
static const char *value_of(const char *name)
{
    static char value[64];
    scoped_text t = {0};
    char line[160];
    metrics_write(&t);
    snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(text_value(&t), line);
    if (!at)
        return NULL;
    at += strlen(line);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
    return value;
}

static bool written(const char *part)
{
    scoped_text t = {0};
    metrics_write(&t);
    return strstr(text_value(&t), part) != NULL;
}

TEST(what_was_never_touched_is_not_written)
{
    CHECK(!written("es_redis_gap_total"));
    CHECK(!written("es_commit_seconds"));
    metric_add(METRIC_es_redis_gap_total, NULL, 0);
    CHECK_TEXT(value_of("es_redis_gap_total"), "0");
}

TEST(what_alerts_watch_is_shown_as_0_by_the_services_that_count_it)
{
    CHECK(!written("es_audit_forged_total") && !written("sla_lateness_seconds"));
    metrics_start(SLA_WORKER);
    CHECK_TEXT(value_of("es_audit_forged_total"), "0");
    CHECK_TEXT(value_of("sla_done_total{what=\"level\"}"), "0");
    CHECK_TEXT(value_of("sla_done_total{what=\"found\"}"), "0");
    CHECK_TEXT(value_of("sla_lateness_seconds_count"), "0");
    CHECK_TEXT(value_of("sla_lateness_seconds_bucket{le=\"+Inf\"}"), "0");
    CHECK(!written("fixes_missed_total"));
}

TEST(counters_and_gauges_have_help_and_type)
{
    metric_add(METRIC_es_append_total, "committed", 2);
    metric_add(METRIC_es_append_total, "committed", 1);
    metric_add(METRIC_es_append_total, "stale", 1);
    metric_set(METRIC_es_head_position, NULL, 123456789012);
    metric_set(METRIC_es_head_position, NULL, 123456789013);
    metric_set(METRIC_es_relay_lag_seconds, NULL, 0.25);
    CHECK_TEXT(value_of("es_append_total{result=\"committed\"}"), "3");
    CHECK_TEXT(value_of("es_append_total{result=\"stale\"}"), "1");
    CHECK_TEXT(value_of("es_head_position"), "123456789013");
    CHECK_TEXT(value_of("es_relay_lag_seconds"), "0.25");
    CHECK(written("# HELP es_append_total Commands that went through the append, by outcome\n"
                  "# TYPE es_append_total counter\nes_append_total{"));
    CHECK(written("# TYPE es_head_position gauge\n"));
}

TEST(a_histogram_counts_up_to_each_bound)
{
    metric_observe(METRIC_es_commit_seconds, 0.0001);
    metric_observe(METRIC_es_commit_seconds, 0.002);
    metric_observe(METRIC_es_commit_seconds, 11);
    CHECK(written("# TYPE es_commit_seconds histogram\n"));
    CHECK_TEXT(value_of("es_commit_seconds_bucket{le=\"0.0001\"}"), "1");
    CHECK_TEXT(value_of("es_commit_seconds_bucket{le=\"0.0025\"}"), "2");
    CHECK_TEXT(value_of("es_commit_seconds_bucket{le=\"10\"}"), "2");
    CHECK_TEXT(value_of("es_commit_seconds_bucket{le=\"+Inf\"}"), "3");
    CHECK_TEXT(value_of("es_commit_seconds_sum"), "11.0021");
    CHECK_TEXT(value_of("es_commit_seconds_count"), "3");
}

TEST(sizes_have_buckets_of_their_own)
{
    metric_observe(METRIC_es_append_batch_size, 1);
    metric_observe(METRIC_es_append_batch_size, 64);
    metric_observe(METRIC_es_append_batch_size, 5000);
    CHECK_TEXT(value_of("es_append_batch_size_bucket{le=\"1\"}"), "1");
    CHECK_TEXT(value_of("es_append_batch_size_bucket{le=\"64\"}"), "2");
    CHECK_TEXT(value_of("es_append_batch_size_bucket{le=\"1024\"}"), "2");
    CHECK_TEXT(value_of("es_append_batch_size_bucket{le=\"+Inf\"}"), "3");
}

TEST(label_values_are_escaped)
{
    metric_add(METRIC_login_total, "a\"b\\c\nd", 1);
    CHECK_TEXT(value_of("login_total{result=\"a\\\"b\\\\c\\nd\"}"), "1");
}

TEST(label_values_are_bounded)
{
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof(name), "view%d", i);
        metric_add(METRIC_es_projection_parked, name, 1);
        metric_add(METRIC_es_projection_parked, name, 1);
    }
    CHECK_TEXT(value_of("es_projection_parked{name=\"view63\"}"), "2");
    CHECK(!value_of("es_projection_parked{name=\"view64\"}"));
    CHECK_TEXT(value_of("es_projection_parked{name=\"other\"}"), "272");
}

static void *count(void *arg)
{
    char name[16];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "%d", i % 70);
        metric_add(METRIC_query_cache_total, name, 1);
        metric_add(METRIC_es_projection_events_total, NULL, 0.5);
        metric_observe(METRIC_query_seconds, 0.5);
    }
    return arg;
}

static double sum_of(const char *prefix)
{
    scoped_text t = {0};
    double sum = 0;
    metrics_write(&t);
    for (const char *at = text_value(&t); (at = strstr(at, prefix)); at++)
        sum += strtod(strchr(at, ' '), NULL);
    return sum;
}

TEST(four_threads_lose_no_count)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT((int)sum_of("\nquery_cache_total{"), 80000);
    CHECK_TEXT(value_of("es_projection_events_total"), "40000");
    CHECK_TEXT(value_of("query_seconds_count"), "80000");
    CHECK_TEXT(value_of("query_seconds_sum"), "40000");
}

TEST(the_process_tells_about_itself)
{
    CHECK(strtod(value_of("process_resident_memory_bytes"), NULL) > 1e6);
    CHECK(strtod(value_of("process_open_fds"), NULL) >= 3);
    CHECK(strtod(value_of("process_cpu_seconds_total"), NULL) > 0);
    double started = strtod(value_of("process_start_time_seconds"), NULL);
    CHECK(started > (double)time(NULL) - 300 && started <= (double)time(NULL) + 1);
}
