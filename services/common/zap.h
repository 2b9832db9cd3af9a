#pragma once
/*
 * ZAP: who may speak on the bus (RFC 27, https://rfc.zeromq.org/spec/27/)
 *
 * CURVE alone is not authentication: without a running handler libzmq 4.3.4
 * accepts any client key. So the handler must be up before the first bind, and
 * service_bus.c proves it by trying an unknown key that must be refused.
 *
 * Unknown keys get 300 (try again later) because a client that got 400 never
 * tries again, not even when this service was restarted with its key. The list
 * is read once, at start. A known key's user id is the name of its service.
 */
#include "keys.h"

struct zap;

/* Starts the handler thread; @keys must outlive it. NULL when the address is taken or threads are out. */
struct zap *zap_start(void *zmq_context, const struct keys *keys);
struct zap *zap_stop(struct zap *z);
/* How many connections were refused so far. */
unsigned zap_denied(const struct zap *z);
