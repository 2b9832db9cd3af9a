#pragma once
/* Looking at a server's SSH host key with our own handshake (ssh-keyscan), again and again until it answers. */
#include "host_key.h"
#include "workdir.h"

struct scan {
	int fd; /* of the child's output; -1: none runs */
	size_t len;
	int64_t next;
	char out[4096];
};

void scan_init(struct scan *s);
void scan_stop(struct scan *s);
/* Call often. true: a key was seen just now and is in @ret_key. */
bool scan_poll(struct service *svc, struct scan *s, const struct workdir_conf *conf, const char *address, int64_t now_ms,
               char ret_key[HOST_KEY_MAX]);
