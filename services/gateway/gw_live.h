#pragma once
/*
 * Live changes: one WebSocket for each browser tab, many topics on it
 *
 *   client  {"op":"sub","topic":"request/7"}  {"op":"unsub",…}  {"op":"ping"}  {"op":"ack",…}
 *   server  {"op":"subscribed","topic":…}  {"op":"denied","topic":…}  {"op":"pong"}  and the frames
 * of services
 *
 * Each subscription is asked of api.may_watch, and again every live_recheck_s
 * seconds, as is whether the session still exists. A frame is built once for all who watch; a
 * client that does not read is dropped (4429) rather than remembered.
 */
#include "gw_http.h"

void gw_live_start(void);
void gw_live_open(struct gw_rq *rq);
/* The session ended: its sockets, in all workers, are closed (4401). */
void gw_live_session_over(const char *key);
/* The worker is about to end: everybody may connect again elsewhere (1001). */
void gw_live_leave(void);
unsigned gw_live_sockets(void);
