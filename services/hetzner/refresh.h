#pragma once
/*
 * Light refresh: one replica looks now and then at what has become of the
 * servers we know, project after project. Absence in a list is a suspicion; only
 * a 404 for the server itself means that it is gone.
 */
#include "client.h"
#include "service.h"

void refresh_start(struct service *s, struct client *client, int64_t sync_s);
void refresh_stop(void);
