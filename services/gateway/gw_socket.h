#pragma once
/*
 * A live socket and the frames on their way to it. A frame is built once and
 * shared; nothing here disconnects or frees a socket but gw_socket_free(), so
 * that lists of sockets can be walked while sending.
 */
#include "gw_http.h"
#include "gw_topics.h"

#define GW_TOPICS_MAX 32

struct gw_socket {
	struct connection *c;
	uint64_t serial; /* an answer that comes later must find the same socket */
	struct gw_session session;
	size_t queued;        /* bytes not yet taken by the kernel */
	uint64_t stuck_since; /* 0: nothing is queued */
	uint64_t closing;     /* since when we wait for the client's close; 0: open */
	unsigned checks;      /* questions to api.may_watch on their way */
	unsigned reads;       /* in this second */
	size_t n;
	struct gw_watch *watch[GW_TOPICS_MAX];
	TAILQ_ENTRY(gw_socket) link;
};

extern TAILQ_HEAD(gw_socket_list, gw_socket) gw_sockets;
extern unsigned gw_n_sockets;

struct gw_socket *gw_socket_new(struct connection *c, const struct gw_session *session);
void gw_socket_free(struct gw_socket *s);
/*
 * In place of net_read(): Kore reads as long as there is something and answers
 * pings itself, so that who never stops talking would have the worker alone.
 */
int gw_socket_read(struct connection *c, size_t *ret_n);
struct gw_socket *gw_socket_find(uint64_t serial); /* NULL: it is gone */

struct gw_watch *gw_socket_watched(struct gw_socket *s,
                                   const char *asked);                    /* NULL: not asked for */
struct gw_watch *gw_socket_watch(struct gw_socket *s, const char *asked); /* NULL: too many */
void gw_socket_unwatch(struct gw_socket *s, const char *asked);

void gw_socket_send(struct gw_socket *s, uint8_t op, const void *data, size_t len);
/* To all who watch @topic. */
void gw_socket_publish(const char *topic, const char *json, size_t len);
/* Says why (RFC 6455 7.4) and waits for the client to close. */
void gw_socket_close(struct gw_socket *s, uint16_t code);
/* Time to give up: it does not read, or does not close. */
bool gw_socket_stuck(const struct gw_socket *s, uint64_t now);
