#pragma once
/*
 * The catalogue: what can be ordered where, and what it costs
 *
 * One replica (the leader, by an advisory lock) asks with any valid token:
 * everything when there is nothing yet and once a day, server types with prices
 * and availability every five minutes. A sync is stored as a whole or not at all.
 */
#include "client.h"
#include "service.h"

void catalogue_start(struct service *s, struct client *client);
void catalogue_stop(void);

/* Is this replica the leader? Asked by other work that one replica does for all. */
bool leader(struct service *s);
