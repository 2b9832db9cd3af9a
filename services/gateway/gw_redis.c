#include "gw_redis.h"

#include "err.h"
#include "gw_co.h"
#include "log.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#define TIMEOUT_MS 200
#define RECONNECT_MS 300

struct link {
	struct kore_event evt; /* first: Kore hands this back */
	redisAsyncContext *ac;
	int fd, mask;
	bool up, subscriber;
};

struct waiter {
	struct gw_co *co;
	uint64_t deadline;
	enum gw_redis_code code;
	char *value;
	bool done, abandoned;
	TAILQ_ENTRY(waiter) link;
};

static struct link commands, listener = { .subscriber = true };
static TAILQ_HEAD(, waiter) waiters = TAILQ_HEAD_INITIALIZER(waiters);
static void (*on_live)(const char *topic, const char *json, size_t len);
static char *host;
static int port;

/* ---- hiredis on Kore's epoll -------------------------------------------------------------- */

static void arm(struct link *l)
{
	kore_platform_event_schedule(l->fd, l->mask, 0, l); /* level triggered; ADD or MOD */
}

static void set(struct link *l, int bit, bool on)
{
	int mask = on ? l->mask | bit : l->mask & ~bit;

	if (mask == l->mask)
		return;
	l->mask = mask;
	arm(l);
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
	struct link *l = arg;

	l->mask = 0;
	l->ac = NULL;
	l->up = false;
}

static void on_event(void *arg, int error)
{
	struct link *l = arg;
	int flags = l->evt.flags;

	l->evt.flags = 0;
	if (l->ac && ((flags & KORE_EVENT_READ) || error))
		redisAsyncHandleRead(l->ac);
	if (l->ac && (flags & KORE_EVENT_WRITE) && (l->mask & EPOLLOUT))
		redisAsyncHandleWrite(l->ac);
}

static void on_message(redisAsyncContext *ac, void *r, void *arg)
{
	const redisReply *reply = r;
	(void)ac;
	(void)arg;

	/* pmessage, pattern, channel, text */
	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 || !on_live)
		return;
	if (reply->element[2]->type == REDIS_REPLY_STRING && reply->element[3]->type == REDIS_REPLY_STRING &&
	    !strncmp(reply->element[2]->str, "live:", 5))
		on_live(reply->element[2]->str + 5, reply->element[3]->str, reply->element[3]->len);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	struct link *l = ac->ev.data;

	if (status != REDIS_OK) {
		log_warn("redis.away", LOG_STR("why", ac->errstr));
		return;
	}
	l->up = true;
	if (l->subscriber)
		redisAsyncCommand(l->ac, on_message, NULL, "PSUBSCRIBE live:*");
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
	if (status != REDIS_OK)
		log_warn("redis.lost", LOG_STR("why", ac->errstr));
}

static void dial(struct link *l)
{
	redisAsyncContext *ac = port ? redisAsyncConnect(host, port) : redisAsyncConnectUnix(host);

	if (!ac || ac->err) {
		if (ac)
			redisAsyncFree(ac);
		return;
	}
	l->ac = ac;
	l->fd = ac->c.fd;
	l->mask = 0;
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

static void on_reconnect(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	if (!commands.ac)
		dial(&commands);
	if (!listener.ac)
		dial(&listener);
}

/* hiredis 0.14 has no timer of its own. */
static void on_timeout(void *arg, uint64_t now)
{
	struct waiter *w;
	(void)arg;

	TAILQ_FOREACH (w, &waiters, link)
		if (!w->done && w->deadline < now) {
			w->done = true;
			w->code = GW_REDIS_AWAY;
			gw_co_wake(w->co);
		}
}

void gw_redis_start(const char *where)
{
	char *colon;

	host = xstrdup(where);
	colon = where[0] == '/' ? NULL : strrchr(host, ':');
	if (colon) {
		*colon = '\0';
		port = (int)strtol(colon + 1, NULL, 10);
	}
	dial(&commands);
	dial(&listener);
	kore_timer_add(on_reconnect, RECONNECT_MS, NULL, 0);
	kore_timer_add(on_timeout, 50, NULL, 0);
}

bool gw_redis_ready(void)
{
	return commands.up;
}

void gw_redis_listen(void (*fn)(const char *topic, const char *json, size_t len))
{
	on_live = fn;
}

/* ---- for handlers ------------------------------------------------------------------------- */

/* A waiter outlives its handler when that gave up: the reply still comes, and frees it. */
static void on_reply(redisAsyncContext *ac, void *r, void *arg)
{
	const redisReply *reply = r;
	struct waiter *w = arg;
	(void)ac;

	if (w->abandoned) {
		free(w);
		return;
	}
	w->abandoned = true; /* the handler frees it from now on */
	if (w->done)
		return;
	w->done = true;
	if (!reply || reply->type == REDIS_REPLY_ERROR) {
		w->code = GW_REDIS_AWAY;
	} else if (reply->type == REDIS_REPLY_NIL) {
		w->code = GW_REDIS_NONE;
	} else if (reply->type == REDIS_REPLY_STRING) {
		w->value = xstrndup(reply->str, reply->len);
	}
	gw_co_wake(w->co);
}

static enum gw_redis_code finish(struct waiter *w, char **ret_value)
{
	enum gw_redis_code code;

	while (!w->done && gw_co_wait())
		;
	TAILQ_REMOVE(&waiters, w, link);
	code = gw_co_cancelled() ? GW_REDIS_GONE : w->code;
	if (ret_value && code == GW_REDIS_OK && w->value)
		*ret_value = w->value;
	else
		free(w->value);
	w->value = NULL;
	if (w->abandoned) /* the reply has come */
		free(w);
	else
		w->abandoned = true;
	return code;
}

static enum gw_redis_code command(char **ret_value, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static enum gw_redis_code command(char **ret_value, const char *fmt, ...)
{
	struct waiter *w;
	va_list ap;
	int r;

	if (!commands.up)
		return GW_REDIS_AWAY;
	w = xcalloc(1, sizeof(*w));
	w->co = gw_co_self();
	w->deadline = kore_time_ms() + TIMEOUT_MS;
	va_start(ap, fmt);
	r = redisvAsyncCommand(commands.ac, on_reply, w, fmt, ap);
	va_end(ap);
	if (r != REDIS_OK) {
		free(w);
		return GW_REDIS_AWAY;
	}
	TAILQ_INSERT_TAIL(&waiters, w, link);
	return finish(w, ret_value);
}

enum gw_redis_code gw_redis_get(const char *key, int seconds, char **ret_value)
{
	return command(ret_value, "GETEX %s EX %d", key, seconds);
}

enum gw_redis_code gw_redis_set(const char *key, const char *value, int seconds)
{
	return command(NULL, "SET %s %s EX %d", key, value, seconds);
}

enum gw_redis_code gw_redis_del(const char *key)
{
	return command(NULL, "DEL %s", key);
}
