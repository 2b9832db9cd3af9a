#include "gw_socket.h"

#include "err.h"
#include "gw_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int net_send_flush(struct connection *);
void net_send_stream(struct connection *, void *, size_t, int (*)(struct netbuf *),
                     struct netbuf **);

#define QUEUE_MAX (256 * 1024)
#define READS_MAX 3000 /* in a second: about 1000 messages */
#define STUCK_MS 20000
#define CLOSE_MS 3000

/* Shared by all who get it. */
struct frame {
	int refs;
	size_t len;
	uint8_t data[];
};

struct gw_socket_list gw_sockets = TAILQ_HEAD_INITIALIZER(gw_sockets);
unsigned gw_n_sockets;

/* ---- sockets ------------------------------------------------------------------------------ */

struct gw_socket *gw_socket_new(struct connection *c, const struct gw_session *session)
{
	static uint64_t last_serial;
	struct gw_socket *s = xcalloc(1, sizeof(*s));

	s->c = c;
	s->serial = ++last_serial;
	s->session = *session;
	c->hdlr_extra = s;
	c->read = gw_socket_read;
	TAILQ_INSERT_TAIL(&gw_sockets, s, link);
	gw_n_sockets++;
	return s;
}

void gw_socket_free(struct gw_socket *s)
{
	while (s->n)
		gw_socket_unwatch(s, s->watch[s->n - 1]->asked);
	TAILQ_REMOVE(&gw_sockets, s, link);
	gw_n_sockets--;
	free(s);
}

struct gw_socket *gw_socket_find(uint64_t serial)
{
	struct gw_socket *s;

	TAILQ_FOREACH (s, &gw_sockets, link)
		if (s->serial == serial)
			return s;
	return NULL;
}

struct gw_watch *gw_socket_watched(struct gw_socket *s, const char *asked)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->watch[i]->asked, asked))
			return s->watch[i];
	return NULL;
}

struct gw_watch *gw_socket_watch(struct gw_socket *s, const char *asked)
{
	struct gw_watch *w = gw_socket_watched(s, asked);

	if (w || s->n == GW_TOPICS_MAX)
		return w;
	w = s->watch[s->n++] = xcalloc(1, sizeof(*w));
	snprintf(w->asked, sizeof(w->asked), "%s", asked);
	w->socket = s;
	return w;
}

void gw_socket_unwatch(struct gw_socket *s, const char *asked)
{
	for (size_t i = 0; i < s->n; i++) {
		struct gw_watch *w = s->watch[i];

		if (strcmp(w->asked, asked))
			continue;
		gw_topics_remove(w);
		s->watch[i] = s->watch[--s->n];
		free(w);
		return;
	}
}

int gw_socket_read(struct connection *c, size_t *ret_n)
{
	struct gw_socket *s = c->hdlr_extra;

	if (s && ++s->reads > READS_MAX) {
		gw_socket_close(s, WS_TOO_MUCH);
		return KORE_RESULT_ERROR;
	}
	return net_read(c, ret_n);
}

/* ---- frames ------------------------------------------------------------------------------- */

static struct frame *frame_new(uint8_t op, const void *data, size_t len)
{
	uint8_t head[10];
	size_t n = gw_ws_head(op, len, head);
	struct frame *f = xcalloc(1, sizeof(*f) + n + len);

	f->refs = 1;
	f->len = n + len;
	memcpy(f->data, head, n);
	memcpy(f->data + n, data, len);
	return f;
}

static void frame_unref(struct frame *f)
{
	if (f && --f->refs == 0)
		free(f);
}

/* The kernel has taken a frame, or its connection is gone. */
static int on_sent(struct netbuf *nb)
{
	struct frame *f = nb->extra;
	struct gw_socket *s = nb->owner->hdlr_extra;

	if (s) {
		s->queued -= f->len;
		s->stuck_since = s->queued ? kore_time_ms() : 0;
	}
	frame_unref(f);
	return KORE_RESULT_OK;
}

static void enqueue(struct gw_socket *s, struct frame *f)
{
	struct netbuf *nb;

	if (s->c->state != CONN_STATE_ESTABLISHED)
		return;
	if (!s->queued)
		s->stuck_since = kore_time_ms();
	f->refs++;
	s->queued += f->len;
	gw_count(GW_LIVE_FRAMES);
	net_send_stream(s->c, f->data, f->len, on_sent, &nb);
	nb->extra = f;
	if (!net_send_flush(s->c))
		s->closing = 1; /* broken: the next tick ends it */
}

/* Nobody is remembered who does not read, whether others speak or he asks. */
static void push(struct gw_socket *s, struct frame *f)
{
	if (s->closing)
		return;
	if (s->queued + f->len <= QUEUE_MAX) {
		enqueue(s, f);
	} else {
		gw_count(GW_LIVE_DROPPED);
		gw_socket_close(s, WS_TOO_SLOW);
	}
}

void gw_socket_send(struct gw_socket *s, uint8_t op, const void *data, size_t len)
{
	struct frame *f = frame_new(op, data, len);

	push(s, f);
	frame_unref(f);
}

void gw_socket_close(struct gw_socket *s, uint16_t code)
{
	const uint8_t payload[2] = { (uint8_t)(code >> 8), (uint8_t)code };
	struct frame *f;

	if (s->closing)
		return;
	f = frame_new(WS_CLOSE, payload, sizeof(payload));
	enqueue(s, f);
	frame_unref(f);
	if (!s->closing)
		s->closing = kore_time_ms();
	s->c->flags |= CONN_WS_CLOSE_SENT; /* Kore must not send another one */
}

static void deliver(struct gw_watch *w, void *arg)
{
	push(w->socket, arg);
}

void gw_socket_publish(const char *topic, const char *json, size_t len)
{
	struct frame *f = frame_new(WS_TEXT, json, len);

	gw_topics_each(topic, deliver, f);
	frame_unref(f);
}

bool gw_socket_stuck(const struct gw_socket *s, uint64_t now)
{
	return (s->closing && now > s->closing + CLOSE_MS) ||
	       (s->stuck_since && now > s->stuck_since + STUCK_MS);
}
