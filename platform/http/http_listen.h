/* http_listen.h -- accepting connections; for platform/http/http*.c alone. */
#pragma once

#include "platform/http/http_internal.h"

fallible http_listen(struct http_server *s);
void loop_accept(struct http_loop *l);           /* makes the listener */
void loop_enter(struct http_loop *l);            /* first on its thread */
void loop_accepted(struct http_loop *l);         /* after each connection */
void loop_resume_accepting(struct http_loop *l); /* if nothing speaks against it */
void loop_stop_accepting(struct http_loop *l);   /* if the server has stopped listening */
void loop_end_idle(struct http_loop *l);         /* connections that nobody uses */
void http_stop_listening(struct http_server *s);
