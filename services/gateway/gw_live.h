#pragma once
/*
 * Live changes: one WebSocket for each browser tab, many topics on it
 *
 *   client  {"op":"sub","topic":"request/7"}  {"op":"unsub",…}  {"op":"ping"}  {"op":"ack",…}
 *   server  {"op":"subscribed","topic":…}  {"op":"denied","topic":…}  {"op":"pong"}  and the frames of services
 *
 * Each subscription is asked of api.may_watch, and again every 30 s. A frame is
 * built once for all who watch; a client that does not read is dropped (4429)
 * rather than remembered.
 */
#include "gw_http.h"

void gw_live_start(void);
void gw_live_open(struct gw_rq *rq);
unsigned gw_live_sockets(void);
