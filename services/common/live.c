#include "live.h"
#include "err.h"
#include "log.h"
#include "redis.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_US 200000
#define PAUSE_S 1

struct live {
	struct redis_login login;
	redisContext *rc;
	time_t not_before;
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

struct live *live_new(void)
{
	struct live *l = xcalloc(1, sizeof(*l));

	return redis_login_load(&l->login) ? live_free(l) : l;
}

struct live *live_free(struct live *l)
{
	if (l) {
		if (l->rc)
			redisFree(l->rc);
		redis_login_release(&l->login);
		free(l);
	}
	return NULL;
}

static void give_up(struct live *l, const char *why)
{
	log_warn("redis.away", LOG_STR("why", why),
	         LOG_STR("means", "live updates are late, nothing is lost"));
	if (l->rc)
		redisFree(l->rc);
	l->rc = NULL;
	l->not_before = now() + PAUSE_S;
}

static bool dial(struct live *l)
{
	const struct timeval limit = { .tv_usec = TIMEOUT_US };

	l->rc = l->login.port ? redisConnectWithTimeout(l->login.host, l->login.port, limit)
	                      : redisConnectUnixWithTimeout(l->login.host, limit);
	if (l->rc && !l->rc->err && !redisSetTimeout(l->rc, limit))
		return true;
	give_up(l, l->rc ? l->rc->errstr : "out of memory");
	return false;
}

static bool sign_in(struct live *l)
{
	redisReply *reply;
	bool good;

	if (!l->login.password)
		return true;
	reply = redisCommand(l->rc, "AUTH %s %s", l->login.user, l->login.password);
	good = reply && reply->type != REDIS_REPLY_ERROR;
	if (!good)
		give_up(l, reply ? reply->str : l->rc->errstr);
	freeReplyObject(reply);
	return good;
}

static bool connected(struct live *l)
{
	return l->rc || (now() >= l->not_before && dial(l) && sign_in(l));
}

void live_publish(struct live *l, const char *topic, const char *json)
{
	redisReply *reply;

	if (!l || !connected(l))
		return;
	reply = redisCommand(l->rc, "PUBLISH live:%s %s", topic, json);
	if (!reply)
		give_up(l, l->rc->errstr);
	else if (reply->type == REDIS_REPLY_ERROR)
		redis_refused(topic, reply->str);
	freeReplyObject(reply);
}
