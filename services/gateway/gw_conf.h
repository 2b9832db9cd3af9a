#pragma once
/* The gateway's settings. The launcher and the module read the same table. */
#include "conf.h"

struct gw_conf {
	const char *db, *keys, *listen, *web, *public_url, *proxy, *log_level;
	int64_t workers, db_connections, live_recheck_s, person_requests, address_connections;
};
extern struct gw_conf gw_conf;
extern const struct conf_param *const gw_conf_tables[];

/* Is this the Origin of the portal's own pages? */
bool gw_conf_origin(const char *origin);
