#pragma once
/*
 * Redis, for those who speak to it: where it is, and as whom we sign in
 *
 * Every service is a user of its own there and may do what deploy/lib/redis.acl
 * says, no more. Its password is in a file that only this service can read; it
 * is sent once for each connection: AUTH <user> <password>.
 */
#include "conf.h"

/* The settings redis, redis_user and redis_password_file; goes into a program's list of tables. */
extern const struct conf_param redis_params[];

struct redis_login {
	char *host; /* or the path of a socket */
	int port;   /* 0: it is a path */
	const char *user;
	char *password; /* NULL: Redis knows no users. Zeroed by redis_login_release(). */
};

/* From the settings, after conf_load(). 0 or -errno, said in the log. */
int redis_login_load(struct redis_login *ret);
void redis_login_release(struct redis_login *l); /* accepts zeroes */
/* Redis answered with an error: logs it, but not more often than once a minute. */
void redis_refused(const char *what, const char *why);
