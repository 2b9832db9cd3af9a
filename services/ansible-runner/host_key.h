#pragma once
/*
 * Host keys: what a new server reports about itself must be what our own
 * handshake sees; only then is it pinned, and only a pinned key is ever trusted.
 */
#include "service.h"

#define HOST_KEY_MAX 128 /* "ssh-ed25519 AAAA…", without comment */

int on_server_creating(struct cmd *c, const void *body);
int on_hostkey_report(struct cmd *c, const void *body);
int on_server_deleted(struct cmd *c, const void *body);

/* Cuts "type base64 comment" to type and base64; false when it is no Ed25519 key. */
bool host_key_clean(const char *line, char out[HOST_KEY_MAX]);
/* The key in what ssh-keyscan printed, or false. */
bool host_key_scanned(const char *text, char out[HOST_KEY_MAX]);

enum host_key_verdict {
	HOST_KEY_OK,       /* pinned, now or before */
	HOST_KEY_WAIT,     /* the server has not reported its own yet */
	HOST_KEY_MISMATCH, /* it reported another one */
	HOST_KEY_CHANGED,  /* another one is pinned; the server is flagged */
};
/* In a transaction. 0 or DB_E_*. */
int host_key_check(struct cmd *c, int64_t server, const char *op, const char *address, const char *seen,
                   enum host_key_verdict *ret);
