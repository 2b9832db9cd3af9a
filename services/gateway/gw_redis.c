#include "gw_redis.h"

#include "err.h"
#include "gw_co.h"
#include "gw_redis_link.h"
#include "log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define TIMEOUT_MS 200
#define TIMEOUTS_MAX 5 /* in a row: then nobody waits */
#define PAUSE_MS 1000
#define TICK_MS 50
#define RECONNECT_MS 300

/* One command. hiredis calls on_reply() for each exactly once, late or never asked for any more;
 * that frees it. */
struct ask {
	gw_redis_done done; /* NULL: nobody waits for it any more */
	void *arg;
	uint64_t deadline;
	TAILQ_ENTRY(ask) link;
};

static void on_let_in(redisAsyncContext *ac);
static void on_lost(void);

static struct gw_redis_link commands, listener = { .on_let_in = on_let_in, .on_lost = on_lost };
static TAILQ_HEAD(, ask) waiting =
	TAILQ_HEAD_INITIALIZER(waiting); /* those with .done, oldest first */
static unsigned timeouts;
static uint64_t paused_until;
static void (*on_live)(const char *topic, const char *json, size_t len);
static void (*on_deaf)(void);
static bool listening; /* Redis has confirmed the subscription */
static struct redis_login login;

/* ---- the live topics ---------------------------------------------------------------------- */

static void on_message(redisAsyncContext *ac, void *r, void *arg)
{
	const redisReply *reply = r;
	(void)ac;
	(void)arg;

	if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3) /* psubscribe */
		listening = true;
	/* pmessage, pattern, channel, text */
	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 || !on_live)
		return;
	if (reply->element[2]->type == REDIS_REPLY_STRING &&
	    reply->element[3]->type == REDIS_REPLY_STRING &&
	    !strncmp(reply->element[2]->str, "live:", 5))
		on_live(reply->element[2]->str + 5, reply->element[3]->str, reply->element[3]->len);
}

static void on_let_in(redisAsyncContext *ac)
{
	redisAsyncCommand(ac, on_message, NULL, "PSUBSCRIBE live:*");
}

static void on_lost(void)
{
	listening = false;
	if (on_deaf)
		on_deaf();
}

/* ---- the connections ---------------------------------------------------------------------- */

static void on_reconnect(void *arg, uint64_t now)
{
	(void)arg;
	(void)now;
	if (!commands.ac)
		gw_redis_dial(&commands, &login);
	if (!listener.ac)
		gw_redis_dial(&listener, &login);
}

/* Whoever waits is told once. */
static void tell(struct ask *a, enum gw_redis_code code, const char *value)
{
	gw_redis_done done = a->done;

	if (!done)
		return;
	a->done = NULL;
	TAILQ_REMOVE(&waiting, a, link);
	done(code, value, a->arg);
}

/* hiredis 0.14 has no timer of its own. */
static void on_timeout(void *arg, uint64_t now)
{
	struct ask *a;
	(void)arg;

	while ((a = TAILQ_FIRST(&waiting)) && a->deadline < now) {
		if (++timeouts >= TIMEOUTS_MAX) {
			if (now >= paused_until)
				log_warn("redis.slow", LOG_I64("timeouts", timeouts));
			paused_until = now + PAUSE_MS;
		}
		tell(a, GW_REDIS_AWAY, NULL);
	}
}

int gw_redis_prepare(void)
{
	return redis_login_load(&login);
}

void gw_redis_start(void)
{
	gw_redis_dial(&commands, &login);
	gw_redis_dial(&listener, &login);
	kore_timer_add(on_reconnect, RECONNECT_MS, NULL, 0);
	kore_timer_add(on_timeout, TICK_MS, NULL, 0);
}

bool gw_redis_ready(void)
{
	return commands.let_in && kore_time_ms() >= paused_until;
}

void gw_redis_listen(void (*fn)(const char *topic, const char *json, size_t len),
                     void (*deaf)(void))
{
	on_live = fn;
	on_deaf = deaf;
}

bool gw_redis_listening(void)
{
	return listening;
}

/* ---- commands ----------------------------------------------------------------------------- */

static void on_reply(redisAsyncContext *ac, void *r, void *arg)
{
	const redisReply *reply = r; /* NULL: the connection was lost */
	struct ask *a = arg;
	(void)ac;

	if (reply)
		timeouts = 0;
	if (reply && reply->type == REDIS_REPLY_ERROR)
		redis_refused("command", reply->str);
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		tell(a, GW_REDIS_AWAY, NULL);
	else if (reply->type == REDIS_REPLY_NIL ||
	         (reply->type == REDIS_REPLY_INTEGER && !reply->integer))
		tell(a, GW_REDIS_NONE, NULL);
	else
		tell(a, GW_REDIS_OK, reply->type == REDIS_REPLY_STRING ? reply->str : NULL);
	free(a);
}

/* NULL: not sent, and @done will not be called. */
static struct ask *send_command(gw_redis_done done, void *arg, const char *fmt, va_list ap)
{
	struct ask *a;

	if (!gw_redis_ready())
		return NULL;
	a = xcalloc(1, sizeof(*a));
	a->done = done;
	a->arg = arg;
	a->deadline = kore_time_ms() + TIMEOUT_MS;
	if (redisvAsyncCommand(commands.ac, on_reply, a, fmt, ap) != REDIS_OK) {
		free(a);
		return NULL;
	}
	if (done)
		TAILQ_INSERT_TAIL(&waiting, a, link);
	return a;
}

static struct ask *start(gw_redis_done done, void *arg, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static struct ask *start(gw_redis_done done, void *arg, const char *fmt, ...)
{
	struct ask *a;
	va_list ap;

	va_start(ap, fmt);
	a = send_command(done, arg, fmt, ap);
	va_end(ap);
	return a;
}

void gw_redis_exists(const char *key, gw_redis_done done, void *arg)
{
	if (!start(done, arg, "EXISTS %s", key))
		done(GW_REDIS_AWAY, NULL, arg);
}

void gw_redis_publish(const char *topic, const char *text)
{
	start(NULL, NULL, "PUBLISH live:%s %s", topic, text);
}

/* ---- for handlers ------------------------------------------------------------------------- */

struct waiter {
	struct gw_co *co;
	enum gw_redis_code code;
	char *value;
	bool done;
};

static void wake(enum gw_redis_code code, const char *value, void *arg)
{
	struct waiter *w = arg;

	w->code = code;
	w->value = value ? xstrdup(value) : NULL;
	w->done = true;
	gw_co_wake(w->co);
}

static enum gw_redis_code wait_for(struct waiter *w, struct ask *a, char **ret_value)
{
	if (!a)
		return GW_REDIS_AWAY;
	while (!w->done)
		if (!gw_co_wait() && !w->done) {
			TAILQ_REMOVE(&waiting, a, link);
			a->done = NULL;
			return GW_REDIS_GONE;
		}
	if (gw_co_cancelled())
		w->code = GW_REDIS_GONE;
	if (ret_value && w->code == GW_REDIS_OK)
		*ret_value = w->value;
	else
		free(w->value);
	return w->code;
}

enum gw_redis_code gw_redis_get(const char *key, int seconds, char **ret_value)
{
	struct waiter w = { .co = gw_co_self() };

	return wait_for(&w, start(wake, &w, "GETEX %s EX %d", key, seconds), ret_value);
}

enum gw_redis_code gw_redis_set(const char *key, const char *value, int seconds)
{
	struct waiter w = { .co = gw_co_self() };

	return wait_for(&w, start(wake, &w, "SET %s %s EX %d", key, value, seconds), NULL);
}

enum gw_redis_code gw_redis_del(const char *key)
{
	struct waiter w = { .co = gw_co_self() };

	return wait_for(&w, start(wake, &w, "DEL %s", key), NULL);
}
