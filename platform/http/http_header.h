/* http_header.h -- the headers of http_headers.def: HTTP_HOST, HTTP_IF_MATCH ... */
#pragma once

#define HEADER(name, wire, often) HTTP_##name,
enum http_header {
#include "platform/http/http_headers.def"
    HTTP_HEADERS
};
#undef HEADER
