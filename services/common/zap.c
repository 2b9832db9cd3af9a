#include "zap.h"
#include "err.h"
#include "log.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ENDPOINT "inproc://zeromq.zap.01"
#define PARTS 8
#define PART_MAX 256

struct zap {
	pthread_t thread;
	void *socket;
	const struct keys *keys;
	atomic_uint denied;
	atomic_bool quit;
};

struct part {
	size_t len;
	char data[PART_MAX];
};

/* version, request id, domain, address, identity, mechanism, client key */
static int receive(void *socket, struct part part[PARTS])
{
	int n = 0, more = 1;
	size_t size = sizeof(more);

	while (more) {
		char rest[PART_MAX];
		int len = zmq_recv(socket, n < PARTS ? part[n].data : rest, PART_MAX, 0);

		if (len < 0)
			return -1;
		if (n < PARTS)
			part[n].len = len < PART_MAX ? (size_t)len : PART_MAX;
		n++;
		zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
	}
	return n;
}

static void reply(void *socket, const struct part *request_id, const char *status, const char *text, const char *user)
{
	zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(socket, request_id->data, request_id->len, ZMQ_SNDMORE);
	zmq_send(socket, status, 3, ZMQ_SNDMORE);
	zmq_send(socket, text, strlen(text), ZMQ_SNDMORE);
	zmq_send(socket, user, strlen(user), ZMQ_SNDMORE);
	zmq_send(socket, "", 0, 0);
}

static void decide(struct zap *z, int n, const struct part part[PARTS])
{
	const struct svc_info *who = NULL;
	char z85[CURVE_Z85];

	if (n == 7 && part[5].len == 5 && !memcmp(part[5].data, "CURVE", 5) && part[6].len == 32 &&
	    zmq_z85_encode(z85, (const uint8_t *)part[6].data, 32))
		who = keys_who(z->keys, z85);
	if (who) {
		reply(z->socket, &part[1], "200", "", who->name);
		return;
	}
	atomic_fetch_add(&z->denied, 1);
	log_warn("bus.refused", LOG_STR("why", "unknown key"));
	reply(z->socket, &part[1], "300", "unknown key", "");
}

static void *work(void *arg)
{
	struct part part[PARTS];
	struct zap *z = arg;

	while (!atomic_load(&z->quit)) {
		int n = receive(z->socket, part);

		if (n < 0 && zmq_errno() != EAGAIN && zmq_errno() != EINTR)
			break;
		if (n >= 2)
			decide(z, n, part);
	}
	return NULL;
}

struct zap *zap_start(void *zmq_context, const struct keys *keys)
{
	struct zap *z = xcalloc(1, sizeof(*z));
	int timeout = 100, linger = 0;
	sigset_t all, old;
	int r;

	z->keys = keys;
	z->socket = zmq_socket(zmq_context, ZMQ_REP);
	if (!z->socket || zmq_setsockopt(z->socket, ZMQ_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    zmq_setsockopt(z->socket, ZMQ_LINGER, &linger, sizeof(linger)) || zmq_bind(z->socket, ENDPOINT))
		goto failed;
	sigfillset(&all); /* signals belong to the working thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&z->thread, NULL, work, z);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!r)
		return z;
failed:
	if (z->socket)
		zmq_close(z->socket);
	free(z);
	return NULL;
}

struct zap *zap_stop(struct zap *z)
{
	if (z) {
		atomic_store(&z->quit, true);
		pthread_join(z->thread, NULL);
		zmq_close(z->socket);
		free(z);
	}
	return NULL;
}

unsigned zap_denied(const struct zap *z)
{
	return atomic_load(&z->denied);
}
