#pragma once
/*
 * The outbox: takes letters that are due, has them sent, records what came of it
 *
 * A letter is claimed in a transaction of its own before anything is sent and
 * ended in another after the server has answered. A crash between the two sends
 * it again with the same Message-ID; nothing is ever lost. How an ending could
 * not be recorded (no database) is remembered and tried again. A letter that was
 * claimed by somebody who died, or by us without our hearing of it, waits again.
 */
#include "mail_send.h"

struct delivery_settings {
	const char *from;       /* sender's address */
	const char *public_url; /* links in letters begin with it */
	int64_t retry_scale;    /* percent of the normal waiting times */
};

struct delivery;
struct delivery *delivery_new(struct service *s, struct mail *mail,
                              const struct delivery_settings *settings);
struct delivery *delivery_free(struct delivery *d); /* accepts NULL */
/* Letters claimed by this replica whose end is not recorded yet. */
int delivery_pending(const struct delivery *d);
