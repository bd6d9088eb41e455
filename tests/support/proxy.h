/* proxy.h -- a TCP proxy to a server on loopback that can lose a connection at a chosen moment. One
 * connection at a time; it runs on a thread of its own. */
#pragma once

struct proxy;
struct proxy *proxy_new(int server_port);
int proxy_port(const struct proxy *p);
void proxy_free(struct proxy *p);

/* The next request reaches the server; its answer is taken from the server and thrown away, then
 * both sides are cut. For PostgreSQL: the commit is done, the client cannot know. */
void proxy_drop_next_answer(struct proxy *p);
/* The next request is thrown away and the connection cut: nothing is done. */
void proxy_drop_next_request(struct proxy *p);
int proxy_drops(const struct proxy *p); /* how often either has happened */
