/* city_health_test.c -- how the whole is, of services that are well, hang, are away or talk
 * nonsense. */
#include "platform/process/city_health.h"
#include "platform/process/service_places.h"

#include "base/time.h"
#include "platform/process/service.h"
#include "tests/platform/http_client.h"
#include "base/banned.h"

enum { SERVICES = 3 };

/* A service that answers /ready with its context. */
static void say_ready(struct http_request *r, const void *row)
{
    const char *body = http_context(r);
    (void)row;
    http_reply(r, &(struct http_answer){.status = 200, .body = body, .length = strlen(body)});
}

static const struct http_route ready_route = {"GET", "/ready", say_ready, NULL};

static struct http_server *listen_as(const struct http_route *routes, int count,
                                     const void *context)
{
    struct http_server *server = NULL;
    struct http_settings s = {.address = "127.0.0.1",
                              .loops = 1,
                              .max_connections = 50,
                              .context = (void *)(uintptr_t)context};
    CHECK_OK(http_server_new(&s, routes, count, &server));
    http_server_start(server);
    return server;
}

/* Takes connections and never says anything. */
static int hang(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&at, size) && !listen(fd, 8));
    CHECK(!getsockname(fd, (struct sockaddr *)&at, &size));
    *port = ntohs(at.sin_port);
    return fd;
}

struct whole {
    struct settings settings;
    struct city_health *health;
    struct http_route route;
    struct http_server *server;
};

static void start(struct whole *w)
{
    w->health = city_health_new(&w->settings);
    w->route = city_health_route(w->health);
    w->server = listen_as(&w->route, 1, NULL);
}

static void begin(struct whole *w, const int64_t ports[SERVICES])
{
    settings_defaults(&w->settings);
    w->settings.command_api_port = ports[0];
    w->settings.query_api_port = ports[1];
    w->settings.projector_port = ports[2];
    w->settings.sla_worker_port = ports[0];
    start(w);
}

static const char *ask(const struct whole *w)
{
    int64_t begun = time_monotonic();
    int fd = dial(http_port(w->server));
    CHECK(say(fd, "GET /health/city HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    const char *answer = hear_all(fd);
    close(fd);
    CHECK(time_monotonic() - begun < 500000);
    return answer;
}

static void end(struct whole *w)
{
    city_health_free(w->health);
    http_server_stop(w->server, 100);
    http_server_free(w->server);
}

static void stop(struct http_server *s)
{
    http_server_stop(s, 100);
    http_server_free(s);
}

TEST(the_worst_of_all_services_is_the_word_for_the_whole)
{
    static const struct {
        const char *third;
        const char *whole, *word;
        int status;
    } rows[] = {
        {"{\"status\":\"ready\"}", "\"status\":\"healthy\"", "\"projector\":\"ready\"", 200},
        {"{ \"x\": [1], \"status\" : \"degraded\"}", "\"status\":\"degraded\"",
         "\"projector\":\"degraded\"", 200},
        {"{\"status\":\"not ready\"}", "\"status\":\"unhealthy\"", "\"projector\":\"not ready\"",
         503},
        {"{\"status\":\"splendid\"}", "\"status\":\"unhealthy\"", "\"projector\":\"no answer\"",
         503},
        {"{\"status\":\"ready\"", "\"status\":\"unhealthy\"", "\"projector\":\"no answer\"", 503},
        {"ready", "\"status\":\"unhealthy\"", "\"projector\":\"no answer\"", 503},
    };
    struct http_server *good = listen_as(&ready_route, 1, "{\"status\":\"ready\"}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct whole w;
        struct http_server *third = listen_as(&ready_route, 1, rows[i].third);
        begin(&w, (const int64_t[]){http_port(good), http_port(good), http_port(third)});
        const char *answer = ask(&w);
        CHECK_INT(status_of(answer), rows[i].status);
        CHECK(strstr(answer, rows[i].whole) && strstr(answer, rows[i].word));
        end(&w);
        stop(third);
    }
    stop(good);
}

TEST(a_service_that_hangs_or_is_away_holds_nobody_up)
{
    struct http_server *good = listen_as(&ready_route, 1, "{\"status\":\"ready\"}");
    struct whole w;
    int hanging_port, away_port;
    int hanging = hang(&hanging_port), away = hang(&away_port);
    close(away);
    begin(&w, (const int64_t[]){hanging_port, http_port(good), away_port});
    const char *answer = ask(&w);
    CHECK_INT(status_of(answer), 503);
    CHECK(strstr(answer, "\"command-api\":\"no answer\"") &&
          strstr(answer, "\"query-api\":\"ready\"") &&
          strstr(answer, "\"projector\":\"no answer\""));
    end(&w);
    close(hanging);
    stop(good);
}

TEST(services_are_asked_where_they_are)
{
    struct http_server *good = listen_as(&ready_route, 1, "{\"status\":\"ready\"}");
    struct whole w;
    settings_defaults(&w.settings);
    w.settings.listen_address = "127.0.0.7"; /* nobody is there */
    w.settings.service_addresses = "command-api=127.0.0.1  projector=127.0.0.1";
    w.settings.command_api_port = w.settings.query_api_port = http_port(good);
    w.settings.projector_port = w.settings.sla_worker_port = http_port(good);
    start(&w);
    const char *answer = ask(&w);
    CHECK(strstr(answer, "\"command-api\":\"ready\",\"query-api\":\"no answer\"") &&
          strstr(answer, "\"projector\":\"ready\",\"sla-worker\":\"no answer\""));
    end(&w);
    stop(good);
}

TEST(places_of_services_are_a_list_of_those_that_there_are)
{
    static const char *const taken[] = {"", " ", "query-api=::1 projector=10.0.0.5 "};
    static const char *const refused[] = {"10.0.0.5",
                                          "gateway=10.0.0.5",
                                          "projector=host",
                                          "projector=",
                                          "projector=::1 projector=::1",
                                          "projector"};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        CHECK(service_places_valid(taken[i]));
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        CHECK(!service_places_valid(refused[i]));
}

TEST(what_was_heard_is_kept_for_a_second)
{
    char body[] = "{\"status\":\"ready\"}";
    struct http_server *one = listen_as(&ready_route, 1, body);
    struct whole w;
    begin(&w, (const int64_t[]){http_port(one), http_port(one), http_port(one)});
    CHECK_INT(status_of(ask(&w)), 200);
    stop(one);
    CHECK_INT(status_of(ask(&w)), 200);
    usleep((CITY_HEALTH_KEPT_MS + 100) * 1000);
    CHECK_INT(status_of(ask(&w)), 503);
    end(&w);
}
