#pragma once
/*
 * Connections, in front of Kore: every head goes through gw_head_check(), one
 * request at a time, and what is refused or too slow gets an answer of ours.
 *
 *     nothing sent yet      15 s, then closed without a word
 *     half a head           10 s, then 408
 *     half a body           10 s, then 408
 *
 * An address has at most address_connections at a worker; one more is closed without a
 * word. The proxy's address may have any number.
 *
 * Kore arms its own parser again after a body and after an answer; both ways
 * are closed here, so that its parser never sees a byte we have not.
 */
#include <kore/kore.h>

#include <kore/http.h>

/* Installed by `bind … gw_connect`. */
void gw_connect(struct connection *c);
/* It is about to end. Whoever takes c->disconnect for himself must call it. */
void gw_conn_left(struct connection *c);
void gw_conn_start(void);
/* After an answer was queued: the next head may come. Call instead of what http_response() would
 * do. */
void gw_conn_next(struct connection *c);
/* The address of the client, or "local". */
void gw_conn_peer(const struct connection *c, char out[64]);
