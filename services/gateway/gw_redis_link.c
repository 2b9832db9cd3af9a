#include "gw_redis_link.h"

#include "log.h"

#include <sys/epoll.h>

/* ---- hiredis on Kore's epoll -------------------------------------------------------------- */

static void arm(struct gw_redis_link *l)
{
	int wanted = l->soon ? l->mask & ~EPOLLOUT : l->mask; /* soon it need not be asked for */

	if (wanted == l->armed)
		return;
	l->armed = wanted;
	kore_platform_event_schedule(l->fd, wanted, 0, l); /* level triggered; ADD or MOD */
}

static void on_write(void *arg, uint64_t now)
{
	struct gw_redis_link *l = arg;
	(void)now;

	l->soon = false;
	if (l->ac && l->up && (l->mask & EPOLLOUT))
		redisAsyncHandleWrite(l->ac);
	if (l->ac)
		arm(l); /* it could not take all of it */
}

static void set(struct gw_redis_link *l, int bit, bool on)
{
	l->mask = on ? l->mask | bit : l->mask & ~bit;
	if (bit != EPOLLOUT || !on || !l->up) {
		arm(l);
	} else if (!l->soon) { /* a socket nearly always takes a command: no need to ask epoll */
		l->soon = true;
		kore_timer_add(on_write, 0, l, KORE_TIMER_ONESHOT);
	}
}

static void add_read(void *l)
{
	set(l, EPOLLIN, true);
}

static void del_read(void *l)
{
	set(l, EPOLLIN, false);
}

static void add_write(void *l)
{
	set(l, EPOLLOUT, true);
}

static void del_write(void *l)
{
	set(l, EPOLLOUT, false);
}

/* hiredis closes the descriptor right after this; Kore ends on an error of epoll: touch nothing. */
static void cleanup(void *arg)
{
	struct gw_redis_link *l = arg;

	l->mask = l->armed = 0;
	l->ac = NULL;
	l->up = l->let_in = false;
}

static void on_event(void *arg, int error)
{
	struct gw_redis_link *l = arg;
	int flags = l->evt.flags;

	l->evt.flags = 0;
	if (l->ac && ((flags & KORE_EVENT_READ) || error))
		redisAsyncHandleRead(l->ac);
	if (l->ac && (flags & KORE_EVENT_WRITE) && (l->mask & EPOLLOUT))
		redisAsyncHandleWrite(l->ac);
}

/* ---- the life of a connection ------------------------------------------------------------- */

static void enter(struct gw_redis_link *l)
{
	l->let_in = true;
	l->said = false;
	if (l->on_let_in)
		l->on_let_in(l->ac);
}

static void say_away(struct gw_redis_link *l, const char *why)
{
	if (!l->said)
		log_warn("redis.away", LOG_STR("why", why));
	l->said = true;
}

static void on_signed_in(redisAsyncContext *ac, void *r, void *arg)
{
	const redisReply *reply = r; /* NULL: the connection was lost */
	struct gw_redis_link *l = arg;

	if (reply && reply->type != REDIS_REPLY_ERROR) {
		enter(l);
	} else if (reply) {
		say_away(l, reply->str);
		redisAsyncDisconnect(ac); /* on_reconnect() tries again */
	}
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	struct gw_redis_link *l = ac->ev.data;

	l->up = status == REDIS_OK;
	if (!l->up)
		say_away(l, ac->errstr);
	else if (l->login->password)
		redisAsyncCommand(l->ac, on_signed_in, l, "AUTH %s %s", l->login->user,
		                  l->login->password);
	else
		enter(l);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
	const struct gw_redis_link *l = ac->ev.data;

	if (status != REDIS_OK)
		log_warn("redis.lost", LOG_STR("why", ac->errstr));
	if (l->on_lost)
		l->on_lost();
}

void gw_redis_dial(struct gw_redis_link *l, const struct redis_login *login)
{
	redisAsyncContext *ac = login->port ? redisAsyncConnect(login->host, login->port)
	                                    : redisAsyncConnectUnix(login->host);

	l->login = login;
	if (!ac || ac->err) {
		if (ac)
			redisAsyncFree(ac);
		return;
	}
	l->ac = ac;
	l->fd = ac->c.fd;
	l->mask = l->armed = 0;
	l->evt.handle = on_event;
	ac->ev.data = l;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = cleanup;
	redisAsyncSetConnectCallback(ac, on_connect);
	redisAsyncSetDisconnectCallback(ac, on_disconnect);
}
