#include "peer_link.h"
#include "err.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* Why each value: BUS, topology and traps. */
static const struct {
	int option, value;
} dealer_options[] = {
	{ ZMQ_LINGER, 0 },            /* what a dead peer did not get is in the journal */
	{ ZMQ_SNDHWM, 256 },
	{ ZMQ_RCVHWM, 4096 },
	{ ZMQ_IMMEDIATE, 1 },         /* no pipe, and so no stale bells, before the connection stands */
	{ ZMQ_HEARTBEAT_IVL, 1000 },
	{ ZMQ_HEARTBEAT_TIMEOUT, 3000 },
	{ ZMQ_HEARTBEAT_TTL, 3000 },
	{ ZMQ_HANDSHAKE_IVL, 3000 },
	{ ZMQ_RECONNECT_IVL, 100 },
	{ ZMQ_RECONNECT_IVL_MAX, 1000 },
	{ ZMQ_TCP_KEEPALIVE, 1 },
};

static bool configure(struct peer *p, const struct peer_net *net)
{
	const char *server = keys_curve(net->keys, p->info.service);
	int64_t max = WIRE_MAX * 4;

	for (size_t i = 0; i < sizeof(dealer_options) / sizeof(dealer_options[0]); i++)
		if (zmq_setsockopt(p->dealer, dealer_options[i].option, &dealer_options[i].value, sizeof(int)))
			return false;
	return server && !zmq_setsockopt(p->dealer, ZMQ_MAXMSGSIZE, &max, sizeof(max)) &&
	       !zmq_setsockopt(p->dealer, ZMQ_CURVE_SERVERKEY, server, 41) &&
	       !zmq_setsockopt(p->dealer, ZMQ_CURVE_PUBLICKEY, net->keys->curve_public, 41) &&
	       !zmq_setsockopt(p->dealer, ZMQ_CURVE_SECRETKEY, net->keys->curve_secret, 41);
}

static bool watch_monitor(struct peer *p, const struct peer_net *net)
{
	static unsigned serial;
	char address[64];
	int linger = 0;

	snprintf(address, sizeof(address), "inproc://peer-%u", ++serial);
	if (zmq_socket_monitor(p->dealer, address,
	                       ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
	                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
	                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH))
		return false;
	p->monitor = zmq_socket(net->context, ZMQ_PAIR);
	return p->monitor && !zmq_setsockopt(p->monitor, ZMQ_LINGER, &linger, sizeof(linger)) &&
	       !zmq_connect(p->monitor, address);
}

bool peer_open(struct peer *p, const struct peer_net *net)
{
	p->dealer = zmq_socket(net->context, ZMQ_DEALER);
	if (p->dealer && configure(p, net) && watch_monitor(p, net) && !zmq_connect(p->dealer, p->info.endpoint))
		return true;
	log_warn("peer.unusable", LOG_STR("service", p->info.service), LOG_STR("why", zmq_strerror(zmq_errno())));
	peer_close(p);
	return false;
}

void peer_close(struct peer *p)
{
	if (p->dealer) {
		zmq_socket_monitor(p->dealer, NULL, 0);
		zmq_close(p->dealer);
	}
	if (p->monitor)
		zmq_close(p->monitor);
	p->dealer = p->monitor = NULL;
}

/* libzmq has encrypted or dropped it. A password may have been in it; the copy that libzmq makes to
 * encrypt it is out of our reach. */
static void forget(void *data, void *size)
{
	explicit_bzero(data, (size_t)(uintptr_t)size);
	free(data);
}

bool peer_send(struct peer *p, const struct wire *w)
{
	const uint8_t head[2] = { WIRE_PROTOCOL, (uint8_t)w->kind };
	msgpack_sbuffer out;
	zmq_msg_t msg;
	bool sent;

	if (!p->dealer)
		return false;
	msgpack_sbuffer_init(&out);
	wire_pack(w, &out);
	if (zmq_msg_init_data(&msg, out.data, out.size, forget, (void *)(uintptr_t)out.size))
		abort();
	sent = zmq_send(p->dealer, head, sizeof(head), ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0 &&
	       zmq_msg_send(&msg, p->dealer, ZMQ_DONTWAIT) >= 0;
	if (!sent)
		zmq_msg_close(&msg);
	p->touched = true;
	return sent;
}

bool peer_hello(struct peer *p, const struct peer_net *net)
{
	return peer_send(p, &(struct wire){ .kind = WIRE_HELLO, .svc = net->service, .inst = net->inst });
}

enum peer_news peer_monitor_read(struct peer *p)
{
	uint8_t event[6];
	char address[256];
	uint16_t kind;

	if (!p->monitor || zmq_recv(p->monitor, event, sizeof(event), ZMQ_DONTWAIT) < 0)
		return NEWS_NONE;
	zmq_recv(p->monitor, address, sizeof(address), ZMQ_DONTWAIT);
	memcpy(&kind, event, sizeof(kind));
	return kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? NEWS_UP : NEWS_DOWN;
}

bool peer_receive(struct peer *p, struct wire *ret_w, bool *ret_ok)
{
	zmq_msg_t head, data;
	bool got = false;

	if (!p->dealer)
		return false;
	zmq_msg_init(&head);
	zmq_msg_init(&data);
	*ret_ok = false;
	if (zmq_msg_recv(&head, p->dealer, ZMQ_DONTWAIT) >= 0) {
		got = true;
		if (zmq_msg_more(&head) && zmq_msg_recv(&data, p->dealer, ZMQ_DONTWAIT) >= 0)
			*ret_ok = !zmq_msg_more(&data) && !wire_read(ret_w, zmq_msg_data(&head), zmq_msg_size(&head),
			                                             zmq_msg_data(&data), zmq_msg_size(&data));
		for (int more = zmq_msg_more(&data); more;) {
			zmq_msg_t rest;

			zmq_msg_init(&rest);
			more = zmq_msg_recv(&rest, p->dealer, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&rest);
			zmq_msg_close(&rest);
		}
	}
	zmq_msg_close(&head);
	zmq_msg_close(&data);
	return got;
}
