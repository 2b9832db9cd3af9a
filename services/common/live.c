#include "live.h"
#include "err.h"
#include "log.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_US 200000
#define PAUSE_S 1

struct live {
	char *host;
	int port; /* 0: host is a socket path */
	redisContext *rc;
	time_t not_before;
};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

struct live *live_new(const char *redis)
{
	struct live *l = xcalloc(1, sizeof(*l));
	char *colon;

	l->host = xstrdup(redis);
	colon = redis[0] == '/' ? NULL : strrchr(l->host, ':');
	if (colon) {
		*colon = '\0';
		l->port = (int)strtol(colon + 1, NULL, 10);
	}
	return l;
}

struct live *live_free(struct live *l)
{
	if (l) {
		if (l->rc)
			redisFree(l->rc);
		free(l->host);
		free(l);
	}
	return NULL;
}

static void give_up(struct live *l, const char *why)
{
	log_warn("redis.away", LOG_STR("why", why), LOG_STR("means", "live updates are late, nothing is lost"));
	if (l->rc)
		redisFree(l->rc);
	l->rc = NULL;
	l->not_before = now() + PAUSE_S;
}

static bool connected(struct live *l)
{
	const struct timeval limit = { .tv_usec = TIMEOUT_US };

	if (l->rc)
		return true;
	if (now() < l->not_before)
		return false;
	l->rc = l->port ? redisConnectWithTimeout(l->host, l->port, limit) :
	                  redisConnectUnixWithTimeout(l->host, limit);
	if (!l->rc || l->rc->err || redisSetTimeout(l->rc, limit)) {
		give_up(l, l->rc ? l->rc->errstr : "out of memory");
		return false;
	}
	return true;
}

void live_publish(struct live *l, const char *topic, const char *json)
{
	redisReply *reply;

	if (!l || !connected(l))
		return;
	reply = redisCommand(l->rc, "PUBLISH live:%s %s", topic, json);
	if (!reply)
		give_up(l, l->rc->errstr);
	else
		freeReplyObject(reply);
}
