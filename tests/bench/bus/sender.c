/*
 * Plays the gateway for the fault tests and benchmarks of the bus: keeps
 * SPS_INFLIGHT commands in flight until SPS_COUNT are answered, submits what
 * arrived in one turn together, rings, and rings again when a replica is lost.
 * Prints one line of JSON: how many, how long, latency percentiles, own CPU.
 *
 * SPS_BELLS=0 never rings (the sweeper alone must do), SPS_BELLS=2 rings
 * everything twice. SPS_KEY is put into every command.
 */
#include "buf.h"
#include "conf.h"
#include "err.h"
#include "log.h"
#include "peers.h"
#include "uuid.h"

#include <czmq.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <sys/resource.h>

static struct {
	const char *db, *look_db, *keys, *key;
	int64_t count, inflight, bells, limit_s;
	bool rering;
} conf;

static const struct conf_param params[] = {
	{ "db", CONF_STR, &conf.db, NULL, "PostgreSQL as sps_gateway" },
	{ "look_db", CONF_STR, &conf.look_db, NULL, "PostgreSQL as somebody who may read every result" },
	{ "keys", CONF_STR, &conf.keys, NULL, "key directory" },
	{ "key", CONF_STR, &conf.key, "ssh-ed25519 AAAAbench-of-the-bus", "key field of every command" },
	{ "count", CONF_INT(1, 10000000), &conf.count, "1000", "commands" },
	{ "inflight", CONF_INT(1, 10000000), &conf.inflight, "1", "at the same time" },
	{ "bells", CONF_INT(0, 2), &conf.bells, "1", "bells for each command" },
	{ "rering", CONF_BOOL, &conf.rering, "yes", "ring again when a replica is lost" },
	{ "limit_s", CONF_INT(1, 3600), &conf.limit_s, "60", "give up after" },
	CONF_END,
};

struct command {
	char id[UUID_TEXT];
	int64_t t0;
	bool done;
};

static struct {
	struct keys keys;
	struct peers *peers;
	zloop_t *loop;
	PGconn *pg, *slow;
	struct command *all;
	size_t started, submitted, batch_from, batch_to, done;
	int64_t *latency, begun;
	zhashx_t *by_id;
	bool busy;
} st;

static void finish_one(const char *id)
{
	struct command *c = zhashx_lookup(st.by_id, id);

	if (!c || c->done)
		return;
	c->done = true;
	st.latency[st.done++] = zclock_usecs() - c->t0;
	zhashx_delete(st.by_id, id);
}

static void ring(const char *id)
{
	for (int64_t i = 0; i < conf.bells; i++)
		peers_ring(st.peers, "ansible-runner", id);
}

/* ---- submitting --------------------------------------------------------------------------- */

static void literal(struct buf *b, const char *item)
{
	buf_str(b, b->len ? "," : "{");
	buf_str(b, item);
}

static void add_body(struct buf *b)
{
	static char hex[2048];
	char hash[65];

	if (!hex[0]) {
		const struct hostkey_report r = { .token_hash = memset(hash, 'a', 64), .key = conf.key };
		msgpack_sbuffer out;

		hash[64] = '\0';
		msgpack_sbuffer_init(&out);
		rec_pack(&hostkey_report_def, &r, &out);
		sodium_bin2hex(hex, sizeof(hex), (uint8_t *)out.data, out.size);
		msgpack_sbuffer_destroy(&out);
	}
	buf_str(b, b->len ? ",\"\\\\x" : "{\"\\\\x");
	buf_str(b, hex);
	buf_str(b, "\"");
}

static void submit(void)
{
	struct buf a[9];
	const char *value[9];

	if (!st.pg || st.busy || st.submitted == st.started)
		return;
	st.batch_from = st.submitted;
	st.batch_to = st.started - st.submitted > 512 ? st.submitted + 512 : st.started;
	for (int i = 0; i < 9; i++)
		buf_init(&a[i], 16 << 20);
	for (size_t i = st.batch_from; i < st.batch_to; i++) {
		literal(&a[0], st.all[i].id);
		literal(&a[1], "hostkey.report");
		literal(&a[2], "NULL");
		literal(&a[3], "system:gateway");
		literal(&a[4], "0");
		literal(&a[5], st.all[i].id);
		add_body(&a[6]);
		literal(&a[7], "NULL");
		literal(&a[8], "NULL");
	}
	for (int i = 0; i < 9; i++) {
		buf_str(&a[i], "}");
		value[i] = a[i].data;
	}
	st.busy = true;
	if (!PQsendQueryPrepared(st.pg, "submit", 9, value, NULL, NULL, 0))
		fprintf(stderr, "sender: %s", PQerrorMessage(st.pg));
	for (int i = 0; i < 9; i++)
		buf_release(&a[i]);
}

static int on_pg(zloop_t *loop, zmq_pollitem_t *item, void *arg);

static void connect_pg(void)
{
	zmq_pollitem_t item = { .events = ZMQ_POLLIN };

	st.busy = false;
	st.pg = PQconnectdb(conf.db);
	if (PQstatus(st.pg) != CONNECTION_OK) { /* tried again at the next tick */
		PQfinish(st.pg);
		st.pg = NULL;
		return;
	}
	PQclear(PQprepare(st.pg, "submit",
	                  "SELECT * FROM runner.submit($1::uuid[], $2, $3, $4, $5, $6::uuid[], $7, $8, $9)", 9, NULL));
	item.fd = PQsocket(st.pg);
	zloop_poller(st.loop, &item, on_pg, NULL);
	zloop_poller_set_tolerant(st.loop, &item); /* a hang-up is ours to read, too */
	submit(); /* the same ids again: what is journalled already is not doubled */
}

static void disconnect_pg(void)
{
	zmq_pollitem_t item = { .fd = PQsocket(st.pg), .events = ZMQ_POLLIN };

	zloop_poller_end(st.loop, &item);
	PQfinish(st.pg);
	st.pg = NULL;
}

static void after_submit(void)
{
	st.busy = false;
	for (size_t i = st.batch_from; i < st.batch_to; i++)
		ring(st.all[i].id);
	peers_flush(st.peers);
	st.submitted = st.batch_to;
	submit();
}

static int on_pg(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	PGresult *res;
	(void)loop;
	(void)item;
	(void)arg;

	if (!st.pg)
		return 0;
	if (!PQconsumeInput(st.pg)) {
		disconnect_pg();
		return 0;
	}
	while (st.busy && !PQisBusy(st.pg)) {
		res = PQgetResult(st.pg);
		if (!res) {
			after_submit();
			peers_poll(st.peers);
			break;
		}
		if (PQresultStatus(res) != PGRES_TUPLES_OK) {
			fprintf(stderr, "sender: %s", PQresultErrorMessage(res));
			PQclear(res);
			disconnect_pg();
			break;
		}
		PQclear(res);
	}
	return 0;
}

static void start_more(void)
{
	while (st.started < (size_t)conf.count && st.started - st.done < (size_t)conf.inflight) {
		struct command *c = &st.all[st.started++];

		uuid7(c->id);
		c->t0 = zclock_usecs();
		zhashx_insert(st.by_id, c->id, c);
	}
	submit();
}

/* ---- peers -------------------------------------------------------------------------------- */

static void after_news(void)
{
	if (!st.begun)
		return;
	start_more();
	peers_poll(st.peers);
}

static int on_peer(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	(void)loop;
	(void)item;
	while (peer_readable(arg))
		;
	after_news();
	return st.done == (size_t)conf.count ? -1 : 0;
}

static void watch(void *arg, struct peer *p, void *socket, int fd)
{
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	(void)arg;
	(void)fd;
	zloop_poller(st.loop, &item, on_peer, p);
}

static void unwatch(void *arg, struct peer *p, void *socket, int fd)
{
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	(void)arg;
	(void)p;
	(void)fd;
	zloop_poller_end(st.loop, &item);
}

static void result(void *arg, const struct wire *w)
{
	(void)arg;
	finish_one(w->id);
}

static void answer(void *arg, const char *id, bool ok, const void *body, size_t len)
{
	(void)arg;
	(void)id;
	(void)ok;
	(void)body;
	(void)len;
}

static void orphan(void *arg, const char *service, const char *id)
{
	(void)arg;
	(void)service;
	if (conf.rering)
		ring(id);
}

static void read_peers(void)
{
	PGresult *res = PQexec(st.slow, "SELECT service, inst, endpoint, draining FROM bus.peers()");
	struct peer_info list[16];
	size_t n = 0;

	if (PQstatus(st.slow) != CONNECTION_OK)
		PQreset(st.slow);
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		for (int i = 0; i < PQntuples(res) && n < 16; i++, n++) {
			snprintf(list[n].service, sizeof(list[n].service), "%s", PQgetvalue(res, i, 0));
			snprintf(list[n].inst, sizeof(list[n].inst), "%s", PQgetvalue(res, i, 1));
			snprintf(list[n].endpoint, sizeof(list[n].endpoint), "%s", PQgetvalue(res, i, 2));
			list[n].draining = *PQgetvalue(res, i, 3) == 't';
		}
		peers_set(st.peers, list, n);
	}
	PQclear(res);
}

/* What was answered to nobody (lost frames) is looked up, as the gateway does after 2 s; the oldest first. */
static void look_up(void)
{
	_cleanup_(buf_release) struct buf ids = { .max = 1 << 20 };
	const char *value[2] = { NULL, "system:gateway" };
	static size_t oldest;
	PGresult *res;
	size_t n = 0;

	while (oldest < st.submitted && st.all[oldest].done)
		oldest++;
	for (size_t i = oldest; i < st.submitted && n < 2000; i++) {
		if (st.all[i].done || zclock_usecs() - st.all[i].t0 < 2000000)
			continue;
		literal(&ids, st.all[i].id);
		n++;
	}
	if (!n)
		return;
	buf_str(&ids, "}");
	value[0] = ids.data;
	res = PQexecParams(st.slow, "SELECT i FROM unnest($1::uuid[]) i, bus.command(i, $2) r WHERE r.state > 1", 2, NULL,
	                   value, NULL, NULL, 0);
	for (int i = 0; PQresultStatus(res) == PGRES_TUPLES_OK && i < PQntuples(res); i++)
		finish_one(PQgetvalue(res, i, 0));
	PQclear(res);
}

static int on_tick(zloop_t *loop, int id, void *arg)
{
	static int n;
	(void)loop;
	(void)id;
	(void)arg;

	if (n++ % 10 == 0)
		read_peers();
	peers_tick(st.peers, zclock_mono());
	if (!st.begun && conf.bells && !peers_has(st.peers, "ansible-runner") && n < 100)
		return 0; /* measure the bus, not the greeting */
	if (!st.begun)
		st.begun = zclock_usecs();
	if (!st.pg)
		connect_pg();
	if (n % 10 == 0)
		look_up();
	after_news();
	return st.done == (size_t)conf.count || zclock_usecs() - st.begun > conf.limit_s * 1000000 ? -1 : 0;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void report(void)
{
	double seconds = (double)(zclock_usecs() - st.begun) / 1e6, cpu;
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	qsort(st.latency, st.done, sizeof(*st.latency), compare);
	printf("{\"done\":%zu,\"seconds\":%.3f,\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"cpu_s\":%.3f}\n", st.done,
	       seconds, (double)st.done / seconds, st.done ? (double)st.latency[st.done / 2] / 1000 : 0,
	       st.done ? (double)st.latency[st.done * 99 / 100] / 1000 : 0, cpu);
}

int main(void)
{
	static const struct conf_param *const tables[] = { params, NULL };
	static const struct peers_ops ops = { watch, unwatch, result, answer, orphan };

	if (conf_load(tables) || sodium_init() < 0)
		return 78;
	log_init("sender", "warn");
	setenv("ZSYS_SIGHANDLER", "false", 1);
	st.all = xcalloc((size_t)conf.count, sizeof(*st.all));
	st.latency = xcalloc((size_t)conf.count, sizeof(*st.latency));
	st.by_id = zhashx_new();
	zhashx_set_key_duplicator(st.by_id, NULL);
	zhashx_set_key_destructor(st.by_id, NULL);
	if (keys_load(&st.keys, conf.keys, "gateway"))
		return 1;
	st.loop = zloop_new();
	st.peers = peers_new(&st.keys, "gateway", &ops, NULL);
	st.slow = PQconnectdb(conf.look_db);
	read_peers();
	connect_pg();
	zloop_timer(st.loop, 50, 0, on_tick, NULL);
	zloop_start(st.loop);
	report();
	return st.done == (size_t)conf.count ? 0 : 1;
}
