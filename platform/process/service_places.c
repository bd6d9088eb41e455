/* service_places.c -- the words of SERVICE_ADDRESSES, one after another. */
#include "platform/process/service_places.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "base/banned.h"

static const char *const services[] = {"command-api", "query-api", "projector", "sla-worker"};
enum { SERVICES = sizeof(services) / sizeof(services[0]) };

static const char *next_word(const char *at)
{
    at += strcspn(at, " ");
    return at + strspn(at, " ");
}

/* The word at `at` is <service>=<place>. */
static bool place_in(const char *at, const char *service, char out[PLACE_TEXT])
{
    size_t name = strlen(service), length = strcspn(at, " ");
    if (length <= name + 1 || length - name - 1 >= PLACE_TEXT || !text_starts(at, service) ||
        at[name] != '=')
        return false;
    memcpy(out, at + name + 1, length - name - 1);
    out[length - name - 1] = '\0';
    return true;
}

static bool is_place(const char *place)
{
    struct in6_addr any;
    return inet_pton(AF_INET, place, &any) == 1 || inet_pton(AF_INET6, place, &any) == 1;
}

bool service_places_valid(const char *places)
{
    bool named[SERVICES] = {false};
    for (const char *at = places + strspn(places, " "); *at; at = next_word(at)) {
        char place[PLACE_TEXT];
        int i = 0;
        while (i < SERVICES && !place_in(at, services[i], place))
            i++;
        if (i == SERVICES || named[i] || !is_place(place))
            return false;
        named[i] = true;
    }
    return true;
}

bool service_place(const char *places, const char *service, char out[PLACE_TEXT])
{
    for (const char *at = places + strspn(places, " "); *at; at = next_word(at))
        if (place_in(at, service, out))
            return true;
    return false;
}
