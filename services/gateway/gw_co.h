#pragma once
/*
 * A coroutine for each request, so that handlers read from top to bottom
 *
 * A handler runs on a small stack of its own (128 KiB, guard pages below) and
 * may wait for the database, Redis or the bus; meanwhile the worker serves
 * others. When the client goes away while a handler waits, the wait returns
 * false and the handler must return without waiting again.
 */
#include <kore/kore.h>

#include <kore/http.h>
#include <stdbool.h>

struct gw_co;

/* Runs fn(req) in a coroutine; what a Kore handler returns. */
int gw_co_run(struct http_request *req, void (*fn)(struct http_request *req));
struct gw_co *gw_co_self(void);
/* Sleeps until gw_co_wake(). false: the client is gone. Spurious wake-ups happen: wait in a loop.
 */
bool gw_co_wait(void);
bool gw_co_cancelled(void);
/* From the event loop, never from inside a handler. */
void gw_co_wake(struct gw_co *co);
