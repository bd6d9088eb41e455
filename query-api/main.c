/* main.c -- citywatch-query-api: every GET that reads views. */
#include "platform/process/service.h"
#include "query-api/query_api.h"
#include "base/banned.h"

int main(int argc, char **argv)
{
    struct settings settings;
    struct query_api *api;
    if (service_start("query-api", QUERY_API, argc, argv, &settings) ||
        query_api_new(&settings, &api))
        return 1;
    bool well = service_wait();
    query_api_free(api);
    return service_end(well);
}
