#include "redis.h"
#include "err.h"
#include "log.h"
#include "secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAY_AGAIN_S 60

static struct {
	const char *where, *user, *password_file;
} conf;

const struct conf_param redis_params[] = {
	{ "redis", CONF_STR, &conf.where, NULL, "Redis: path of its socket, or host:port" },
	{ "redis_user", CONF_STR, &conf.user, "", "who we are in Redis; empty: it knows no users" },
	{ "redis_password_file", CONF_STR, &conf.password_file, "",
	  "file with that user's password, readable by this program alone" },
	CONF_END,
};

static void find(struct redis_login *l, const char *where)
{
	char *colon;

	l->host = xstrdup(where);
	colon = where[0] == '/' ? NULL : strrchr(l->host, ':');
	if (colon) {
		*colon = '\0';
		l->port = (int)strtol(colon + 1, NULL, 10);
	}
}

int redis_login_load(struct redis_login *ret)
{
	struct redis_login l = { .user = conf.user };

	if (!*conf.user != !*conf.password_file) {
		log_error("redis.settings",
		          LOG_STR("why", "redis_user and redis_password_file go together"));
		return err_origin(-EINVAL);
	}
	if (*conf.user) {
		l.password = secret_from_file(conf.password_file);
		if (!l.password)
			return err_origin(-EINVAL);
	}
	find(&l, conf.where);
	*ret = l;
	return 0;
}

void redis_login_release(struct redis_login *l)
{
	free(l->host);
	secret_free(l->password);
	*l = (struct redis_login){ 0 };
}

void redis_refused(const char *what, const char *why)
{
	static time_t said;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (said && now.tv_sec < said + SAY_AGAIN_S)
		return;
	said = now.tv_sec ? now.tv_sec : 1;
	log_error("redis.refused", LOG_STR("what", what), LOG_STR("why", why));
}
