/* http_address.h -- whose address a request came from when a gateway stands between. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

enum { ADDRESSES_MAX = 16 };
struct address_list {
    struct in6_addr items[ADDRESSES_MAX]; /* IPv4 as ::ffff:a.b.c.d */
    int count;
};

/* Numeric addresses with spaces between, at most ADDRESSES_MAX; NULL reads as none. False if a word
 * is no address; *out stays untouched. */
bool address_list_read(const char *words, struct address_list *out);

/* `peer` is who is connected. If that is a trusted one, the client is the last element of
 * `forwarded`, the value of X-Forwarded-For: the only one the trusted peer itself has written.
 * Else, or if that is no numeric address, `peer`. NULL if there is none. The form is inet_ntop's,
 * so that equal addresses are equal texts. */
const char *client_address(const struct address_list *trusted, const char *peer,
                           const char *forwarded, char out[INET6_ADDRSTRLEN]);
