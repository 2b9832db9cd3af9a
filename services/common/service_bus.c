/* The receiving end of the bus: one ROUTER that others ring and ask. */
#include "err.h"
#include "service_impl.h"

#include <stdlib.h>
#include <string.h>

#define INTEREST_MS 30000
#define RESULT_MAX (60 * 1024) /* larger ones are read by id */
#define BUDGET 256
#define ZAP_ENFORCE_DOMAIN 93 /* ZMQ_ZAP_ENFORCE_DOMAIN: a draft name, but libzmq 4.3.4 obeys it */

struct call {
	struct service *s;
	struct identity who;
	char id[UUID_TEXT], corr[UUID_TEXT];
	void *rec, *mem;
	size_t rec_size, mem_size;
};

/* ---- sending ------------------------------------------------------------------------------ */

static void send_to(struct service *s, const struct identity *who, const struct wire *w)
{
	const uint8_t head[2] = { WIRE_PROTOCOL, (uint8_t)w->kind };
	msgpack_sbuffer out;

	msgpack_sbuffer_init(&out);
	wire_pack(w, &out);
	/* ROUTER_MANDATORY: a peer that is gone or full answers with an error; it will look the result up */
	if (zmq_send(s->router, who->data, who->len, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0 &&
	    zmq_send(s->router, head, sizeof(head), ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0)
		zmq_send(s->router, out.data, out.size, ZMQ_DONTWAIT);
	msgpack_sbuffer_destroy(&out);
}

static void forget_interest(struct service *s, struct interest *in)
{
	zhashx_delete(s->interest, in->id);
	free(in);
}

void service_reply_result(struct service *s, const char *id, int64_t state, const void *body, size_t len)
{
	struct interest *in = zhashx_lookup(s->interest, id);
	struct wire w = { .kind = WIRE_RESULT, .id = id, .state = state };

	if (!in)
		return;
	if (body && len <= RESULT_MAX)
		w.body = (struct rec_bin){ body, len };
	send_to(s, &in->who, &w);
	forget_interest(s, in);
}

/* Calls carry passwords: nothing of one stays in memory of ours. */
static void call_free(struct call *q)
{
	explicit_bzero(q->rec, q->rec_size);
	if (q->mem)
		explicit_bzero(q->mem, q->mem_size);
	free(q->rec);
	free(q->mem);
	free(q);
}

void call_answer(struct call *q, const struct rec_def *def, const void *rec)
{
	msgpack_sbuffer body;

	msgpack_sbuffer_init(&body);
	rec_pack(def, rec, &body);
	send_to(q->s, &q->who, &(struct wire){ .kind = WIRE_ANSWER, .id = q->id, .state = 1,
	                                       .body = { (const uint8_t *)body.data, body.size } });
	msgpack_sbuffer_destroy(&body);
	call_free(q);
}

const char *call_correlation(const struct call *q)
{
	return q->corr;
}

/* ---- receiving ---------------------------------------------------------------------------- */

void service_add_rung(struct service *s, const char *id)
{
	if (s->n_rung == s->room_rung) {
		s->room_rung = s->room_rung ? 2 * s->room_rung : 256;
		s->rung = realloc(s->rung, s->room_rung * sizeof(*s->rung));
		if (!s->rung)
			abort();
	}
	memcpy(s->rung[s->n_rung++], id, UUID_TEXT);
}

static void on_ring(struct service *s, const struct identity *who, const struct wire *w)
{
	for (size_t i = 0; i < w->n_ids; i++) {
		struct interest *in = zhashx_lookup(s->interest, w->ids[i]);
		uint8_t raw[16];

		if (!uuid_parse(w->ids[i], raw))
			continue;
		if (!in) {
			in = xcalloc(1, sizeof(*in));
			memcpy(in->id, w->ids[i], UUID_TEXT);
			zhashx_insert(s->interest, in->id, in);
		}
		in->who = *who;
		in->until = zclock_mono() + INTEREST_MS;
		service_add_rung(s, w->ids[i]);
	}
}

static const struct svc_call_handler *call_handler_for(const struct service *s, const struct msg_def *msg)
{
	for (const struct svc_call_handler *h = s->me->calls; h && h->msg; h++)
		if (h->msg == msg)
			return h;
	return NULL;
}

static void on_query(struct service *s, const struct identity *who, const struct svc_info *from, const struct wire *w)
{
	const struct msg_def *msg = w->type && w->id ? message_find(w->type) : NULL;
	const struct svc_call_handler *h = msg ? call_handler_for(s, msg) : NULL;
	struct call *q;

	if (!msg || msg->kind != MSG_CALL || !(msg->from & from->bit) || !(msg->to & s->me->svc)) {
		log_warn("bus.refused", LOG_STR("why", "this service may not ask that"), LOG_STR("from", from->name),
		         LOG_STR("type", w->type));
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->s = s;
	q->who = *who;
	snprintf(q->id, sizeof(q->id), "%s", w->id);
	snprintf(q->corr, sizeof(q->corr), "%s", w->corr ? w->corr : "");
	q->rec_size = msg->rec->size;
	q->rec = xcalloc(1, q->rec_size);
	q->mem_size = w->body.len + 1; /* rec_unpack() copies no more than what came, each string with its NUL in place of a header */
	if (!w->body.data || rec_unpack(msg->rec, w->body.data, w->body.len, q->rec, &q->mem) ||
	    (!h && msg != &service_ping_msg) || s->draining) {
		send_to(s, who, &(struct wire){ .kind = WIRE_ANSWER, .id = q->id });
		call_free(q);
		return;
	}
	log_correlation(q->corr);
	if (h)
		h->fn(q, q->rec);
	else
		call_answer(q, msg->rec, q->rec);
	log_correlation(NULL);
}

static void on_frame(struct service *s, const struct identity *who, const struct svc_info *from, const struct wire *w)
{
	switch (w->kind) {
	case WIRE_HELLO:
		send_to(s, who, &(struct wire){ .kind = WIRE_WELCOME, .svc = s->info->name, .inst = s->inst,
		                                .state = s->draining });
		break;
	case WIRE_RING:
		on_ring(s, who, w);
		break;
	case WIRE_QUERY:
		on_query(s, who, from, w);
		break;
	default:
		break;
	}
}

/* Identity, head and body of one message; anything longer is drained and dropped. */
static bool receive(struct service *s, zmq_msg_t part[3], bool *ret_good)
{
	zmq_msg_t rest;
	int n = 0, more = 1;

	while (more) {
		zmq_msg_t *at = n < 3 ? &part[n] : &rest;

		if (n >= 3)
			zmq_msg_init(&rest);
		if (zmq_msg_recv(at, s->router, ZMQ_DONTWAIT) < 0)
			return false;
		more = zmq_msg_more(at);
		if (n >= 3)
			zmq_msg_close(&rest);
		n++;
	}
	*ret_good = n == 3 && zmq_msg_size(&part[0]) <= sizeof(((struct identity *)0)->data);
	return true;
}

static bool read_one(struct service *s)
{
	const struct svc_info *from;
	struct identity who;
	zmq_msg_t part[3];
	bool good = false, got;
	struct wire w;
	const char *user;

	for (int i = 0; i < 3; i++)
		zmq_msg_init(&part[i]);
	got = receive(s, part, &good);
	user = got && good ? zmq_msg_gets(&part[2], "User-Id") : NULL;
	from = user ? svc_find(user) : NULL;
	if (from && !wire_read(&w, zmq_msg_data(&part[1]), zmq_msg_size(&part[1]), zmq_msg_data(&part[2]),
	                       zmq_msg_size(&part[2]))) {
		who.len = (uint8_t)zmq_msg_size(&part[0]);
		memcpy(who.data, zmq_msg_data(&part[0]), who.len);
		on_frame(s, &who, from, &w);
		wire_forget(&w);
	} else if (got) {
		log_warn("bus.refused", LOG_STR("why", from ? "frame cannot be read" : "sender without a name"));
	}
	explicit_bzero(zmq_msg_data(&part[2]), zmq_msg_size(&part[2])); /* it may hold a password */
	for (int i = 0; i < 3; i++)
		zmq_msg_close(&part[i]);
	return got;
}

static int on_router(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	struct service *s = arg;
	(void)loop;
	(void)item;

	for (int i = 0; i < BUDGET && read_one(s); i++)
		;
	service_work_rung(s);
	peers_poll(s->peers);
	return 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

static const struct {
	int option, value;
} router_options[] = {
	{ ZMQ_LINGER, 1000 },        { ZMQ_SNDHWM, 4096 },        { ZMQ_RCVHWM, 1024 },
	{ ZMQ_ROUTER_MANDATORY, 1 }, { ZMQ_HEARTBEAT_IVL, 1000 }, { ZMQ_HEARTBEAT_TIMEOUT, 3000 },
	{ ZMQ_HEARTBEAT_TTL, 3000 }, { ZMQ_HANDSHAKE_IVL, 3000 }, { ZMQ_CURVE_SERVER, 1 },
	{ ZMQ_TCP_KEEPALIVE, 1 },
};

static int configure(struct service *s)
{
	int64_t max = WIRE_MAX * 4;
	int on = 1;

	for (size_t i = 0; i < sizeof(router_options) / sizeof(router_options[0]); i++)
		if (zmq_setsockopt(s->router, router_options[i].option, &router_options[i].value, sizeof(int)))
			return err_origin(-zmq_errno());
	if (zmq_setsockopt(s->router, ZMQ_MAXMSGSIZE, &max, sizeof(max)) ||
	    zmq_setsockopt(s->router, ZMQ_ZAP_DOMAIN, "sps", 3) ||
	    zmq_setsockopt(s->router, ZMQ_CURVE_SECRETKEY, s->keys.curve_secret, 41))
		return err_origin(-zmq_errno());
	zmq_setsockopt(s->router, ZAP_ENFORCE_DOMAIN, &on, sizeof(on));
	return 0;
}

/* Connects with a key nobody knows. true: it was refused, as it must be. */
static bool stranger_is_refused(struct service *s)
{
	char public_key[CURVE_Z85], secret_key[CURVE_Z85];
	void *ctx = zmq_ctx_new(), *dealer = zmq_socket(ctx, ZMQ_DEALER), *monitor = zmq_socket(ctx, ZMQ_PAIR);
	int linger = 0, timeout = 50;
	bool accepted = false;

	zmq_curve_keypair(public_key, secret_key);
	zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(monitor, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
	zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, s->keys.curve_public, 41);
	zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, public_key, 41);
	zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, secret_key, 41);
	zmq_socket_monitor(dealer, "inproc://stranger", ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	zmq_connect(monitor, "inproc://stranger");
	zmq_connect(dealer, s->endpoint);
	for (int i = 0; i < 60 && !accepted && !zap_denied(s->zap); i++) {
		uint8_t event[6];

		accepted = zmq_recv(monitor, event, sizeof(event), 0) >= 0;
	}
	zmq_socket_monitor(dealer, NULL, 0);
	zmq_close(dealer);
	zmq_close(monitor);
	zmq_ctx_term(ctx);
	return !accepted && zap_denied(s->zap) > 0;
}

static void advertise_as(struct service *s, const char *host)
{
	const char *port = strrchr(s->endpoint, ':');
	char text[256];

	if (!*host || !port)
		return;
	snprintf(text, sizeof(text), "tcp://%s%s", host, port);
	snprintf(s->endpoint, sizeof(s->endpoint), "%s", text);
}

int service_bus_open(struct service *s, const char *bind, const char *advertise)
{
	zmq_pollitem_t item = { .events = ZMQ_POLLIN };
	size_t size = sizeof(s->endpoint);
	int r;

	s->context = zmq_ctx_new();
	s->zap = zap_start(s->context, &s->keys); /* before bind: else any key would be accepted */
	s->router = zmq_socket(s->context, ZMQ_ROUTER);
	if (!s->zap || !s->router)
		return err_origin(-EIO);
	r = configure(s);
	if (r)
		return r;
	if (zmq_bind(s->router, bind) || zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, s->endpoint, &size))
		return err_origin(-zmq_errno());
	if (!stranger_is_refused(s)) {
		log_error("bus.open_to_strangers", LOG_STR("means", "an unknown key was accepted; leaving"));
		return -EACCES;
	}
	advertise_as(s, advertise);
	s->interest = zhashx_new();
	zhashx_set_key_duplicator(s->interest, NULL);
	zhashx_set_key_destructor(s->interest, NULL);
	item.socket = s->router;
	zloop_poller(s->loop, &item, on_router, s);
	return 0;
}

void service_bus_goodbye(struct service *s)
{
	struct interest *in;

	for (in = zhashx_first(s->interest); in; in = zhashx_next(s->interest))
		send_to(s, &in->who, &(struct wire){ .kind = WIRE_GOODBYE, .inst = s->inst });
}

/* Called every now and then: who has not asked again has stopped waiting. */
void service_bus_tidy(struct service *s)
{
	int64_t now = zclock_mono();
	zlistx_t *keys = zhashx_keys(s->interest);

	for (const char *id = zlistx_first(keys); id; id = zlistx_next(keys)) {
		struct interest *in = zhashx_lookup(s->interest, id);

		if (in && in->until < now)
			forget_interest(s, in);
	}
	zlistx_destroy(&keys);
}

void service_bus_close(struct service *s)
{
	for (struct interest *in; s->interest && (in = zhashx_first(s->interest));)
		forget_interest(s, in);
	if (s->interest)
		zhashx_destroy(&s->interest);
	if (s->router)
		zmq_close(s->router);
	s->zap = zap_stop(s->zap);
	if (s->context)
		zmq_ctx_term(s->context);
}
