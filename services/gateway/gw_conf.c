#include "gw_conf.h"

#include "redis.h"

#include <stdio.h>
#include <string.h>

struct gw_conf gw_conf;

static const struct conf_param params[] = {
	{ "db", CONF_STR, &gw_conf.db, NULL,
	  "PostgreSQL connection string of the role sps_gateway" },
	{ "keys", CONF_STR, &gw_conf.keys, NULL, "key directory made by spsctl keygen" },
	{ "listen", CONF_STR, &gw_conf.listen, "127.0.0.1:8080",
	  "address and port of the portal, plain HTTP; TLS belongs to a proxy in front" },
	{ "web", CONF_STR, &gw_conf.web, "",
	  "directory with the built web pages (services/gateway/web/dist)" },
	{ "public_url", CONF_STR, &gw_conf.public_url, "",
	  "address people use; http://LISTEN when empty" },
	{ "proxy", CONF_STR, &gw_conf.proxy, "",
	  "address of the proxy in front, as in 127.0.0.1; the last address in its x-forwarded-for "
	  "counts as the client's, nobody else's is believed" },
	{ "workers", CONF_INT(1, 64), &gw_conf.workers, "1", "worker processes" },
	{ "db_connections", CONF_INT(1, 50), &gw_conf.db_connections, "3",
	  "PostgreSQL connections of each worker" },
	{ "live_recheck_s", CONF_INT(1, 3600), &gw_conf.live_recheck_s, "30",
	  "seconds after which a live socket's session and rights are looked at again" },
	{ "person_requests", CONF_INT(1, 4000), &gw_conf.person_requests, "64",
	  "requests of one person that each worker works on at a time" },
	{ "address_connections", CONF_INT(1, 100000), &gw_conf.address_connections, "256",
	  "connections one network address may have open at each worker; the proxy any number" },
	{ "log_level", CONF_STR, &gw_conf.log_level, "info", "debug, info, warn or error" },
	CONF_END,
};
const struct conf_param *const gw_conf_tables[] = { params, redis_params, NULL };

bool gw_conf_origin(const char *origin)
{
	size_t n = strcspn(gw_conf.public_url, "?#");
	char own[300];

	while (n && gw_conf.public_url[n - 1] == '/')
		n--;
	if (n && strlen(origin) == n && !strncmp(origin, gw_conf.public_url, n))
		return true;
	snprintf(own, sizeof(own), "http://%s", gw_conf.listen);
	return !strcmp(origin, own) ||
	       /* the same port under its other name, for somebody at this machine */
	       (!strncmp(gw_conf.listen, "127.0.0.1:", 10) &&
	        !strncmp(origin, "http://localhost:", 17) &&
	        !strcmp(origin + 17, gw_conf.listen + 10));
}
