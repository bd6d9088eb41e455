/* http_address.c -- lists of addresses, and which one is the client's. */
#include "platform/http/http_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static bool read_address(const char *s, size_t length, struct in6_addr *out)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (length >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)length, s);
    if (inet_pton(AF_INET6, text, out) == 1)
        return true;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    *out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&out->s6_addr[12], &v4, sizeof(v4));
    return true;
}

static const char *address_text(const struct in6_addr *a, char out[INET6_ADDRSTRLEN])
{
    if (IN6_IS_ADDR_V4MAPPED(a))
        return inet_ntop(AF_INET, &a->s6_addr[12], out, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, a, out, INET6_ADDRSTRLEN);
}

bool address_list_read(const char *words, struct address_list *out)
{
    struct address_list list = {.count = 0};
    for (const char *at = words ? words : ""; *(at += strspn(at, " ")); at += strcspn(at, " ")) {
        if (list.count == ADDRESSES_MAX ||
            !read_address(at, strcspn(at, " "), &list.items[list.count]))
            return false;
        list.count++;
    }
    *out = list;
    return true;
}

static bool is_listed(const struct address_list *list, const struct in6_addr *a)
{
    for (int i = 0; i < list->count; i++)
        if (IN6_ARE_ADDR_EQUAL(&list->items[i], a))
            return true;
    return false;
}

static bool read_last_element(const char *forwarded, struct in6_addr *out)
{
    const char *comma = strrchr(forwarded, ',');
    const char *at = comma ? comma + 1 : forwarded;
    at += strspn(at, " \t");
    size_t length = strcspn(at, " \t");
    return !at[length + strspn(at + length, " \t")] && read_address(at, length, out);
}

const char *client_address(const struct address_list *trusted, const char *peer,
                           const char *forwarded, char out[INET6_ADDRSTRLEN])
{
    struct in6_addr from, client;
    if (!peer || !read_address(peer, strlen(peer), &from))
        return peer;
    bool told = forwarded && is_listed(trusted, &from) && read_last_element(forwarded, &client);
    return address_text(told ? &client : &from, out);
}
