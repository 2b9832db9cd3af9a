#pragma once
/* One connection to Redis on Kore's event loop: dials, signs in, tells when it may be used. */
#include "redis.h"

#include <kore/kore.h>

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>

struct gw_redis_link {
	struct kore_event evt; /* first: Kore hands this back */
	redisAsyncContext *ac; /* NULL: not connected, nor about to be */
	const struct redis_login *login;
	int fd;
	int mask, armed; /* what hiredis wants, what epoll knows */
	bool up;         /* connected */
	bool let_in;     /* and signed in: commands may be sent */
	bool soon;       /* a write is due in the next turn of the loop */
	bool said;       /* that it cannot be reached: once is enough */
	void (*on_let_in)(redisAsyncContext *ac);
	void (*on_lost)(void); /* what was connected is not any more */
};

/* Starts connecting; @login stays the caller's. When it fails, ac is NULL again: try again later.
 */
void gw_redis_dial(struct gw_redis_link *l, const struct redis_login *login);
