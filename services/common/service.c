/* The life of a service: configuration, connections, loop, drain, end. */
#include "service.h"
#include "err.h"
#include "redis.h"
#include "service_impl.h"

#include <errno.h>
#include <sodium.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define BEAT_MS 5000
#define PEERS_MS 2000
#define TICK_MS 100
#define SWEEP_MS 500
#define RELEASE_MS 1000
#define TIDY_MS 60000
#define DRAIN_MS 5000

static struct {
	const char *db, *keys, *bind, *advertise, *log_level;
} conf;

static const struct conf_param common_params[] = {
	{ "db", CONF_STR, &conf.db, NULL, "PostgreSQL connection string of this service's role" },
	{ "keys", CONF_STR, &conf.keys, NULL, "key directory made by spsctl keygen" },
	{ "bind", CONF_STR, &conf.bind, "tcp://127.0.0.1:*", "where others ring this replica" },
	{ "advertise", CONF_STR, &conf.advertise, "", "host name or address others reach it by, when not the bound one" },
	{ "log_level", CONF_STR, &conf.log_level, "info", "debug, info, warn or error" },
	CONF_END,
};

static int stop_fd = -1;

static void on_signal(int sig)
{
	const uint64_t one = 1;
	ssize_t done = write(stop_fd, &one, sizeof(one));

	(void)sig;
	(void)done;
}

struct db *svc_db(struct service *s)
{
	return s->db;
}

struct live *svc_live(struct service *s)
{
	return s->live;
}

const struct keys *svc_keys(struct service *s)
{
	return &s->keys;
}

const char *svc_instance(struct service *s)
{
	return s->inst;
}

bool svc_draining(const struct service *s)
{
	return s->draining;
}

/* ---- timers and descriptors --------------------------------------------------------------- */

static int on_timer(zloop_t *loop, int id, void *arg)
{
	struct service_timer *t = arg;
	(void)loop;
	(void)id;

	t->fn(t->arg);
	return 0;
}

void svc_timer(struct service *s, int64_t ms, void (*fn)(void *arg), void *arg)
{
	struct service_timer *t = xcalloc(1, sizeof(*t));

	t->fn = fn;
	t->arg = arg;
	SLIST_INSERT_HEAD(&s->timers, t, link);
	zloop_timer(s->loop, (size_t)ms, 0, on_timer, t); /* lives as long as the service */
}

static int on_fd(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	struct service_watch *w = arg;
	(void)loop;
	(void)item;

	if (!w->dead)
		w->fn(w->arg);
	return 0;
}

void svc_watch(struct service *s, int fd, bool write, void (*fn)(void *arg), void *arg)
{
	struct service_watch *w = xcalloc(1, sizeof(*w));

	*w = (struct service_watch){ .fd = fd, .fn = fn, .arg = arg,
		                     .item = { .fd = fd, .events = write ? ZMQ_POLLOUT : ZMQ_POLLIN } };
	LIST_INSERT_HEAD(&s->watches, w, link);
	zloop_poller(s->loop, &w->item, on_fd, w);
	zloop_poller_set_tolerant(s->loop, &w->item);
}

void svc_unwatch(struct service *s, int fd)
{
	struct service_watch *w;

	LIST_FOREACH (w, &s->watches, link) {
		if (w->fd == fd && !w->dead) {
			w->dead = true; /* zloop may still hold an event for it: freed with the service's next tidy */
			zloop_poller_end(s->loop, &w->item);
		}
	}
}

static void free_dead_watches(struct service *s, bool all)
{
	struct service_watch *w = LIST_FIRST(&s->watches), *next;

	for (; w; w = next) {
		next = LIST_NEXT(w, link);
		if (!w->dead && !all)
			continue;
		LIST_REMOVE(w, link);
		free(w);
	}
}

/* ---- peers -------------------------------------------------------------------------------- */

static int on_peer(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	struct peer *p = arg;
	(void)loop;
	(void)item;

	for (int turn = 0; turn < 8 && peer_readable(p); turn++)
		;
	return 0;
}

static void watch_peer(void *arg, struct peer *p, void *socket, int fd)
{
	struct service *s = arg;
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	(void)fd;

	zloop_poller(s->loop, &item, on_peer, p);
}

static void unwatch_peer(void *arg, struct peer *p, void *socket, int fd)
{
	struct service *s = arg;
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	(void)p;
	(void)fd;

	zloop_poller_end(s->loop, &item);
}

static void on_result(void *arg, const struct wire *w)
{
	(void)arg; /* a service rings and goes on: results of its commands come back as events */
	(void)w;
}

static void on_answer(void *arg, const char *id, bool ok, const void *body, size_t len)
{
	(void)arg;
	(void)id;
	(void)ok;
	(void)body;
	(void)len;
}

static void on_orphan(void *arg, const char *service, const char *id)
{
	struct service *s = arg;

	peers_ring(s->peers, service, id);
}

static const struct peers_ops peer_ops = { watch_peer, unwatch_peer, on_result, on_answer, on_orphan };

static void refresh_peers(void *arg)
{
	static const struct db_query q = {
		.name = "bus_peers",
		.sql = "SELECT service, inst, endpoint, draining FROM bus.peers()",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct peer_info list[64];
	struct service *s = arg;
	size_t n = 0;

	if (db_select(s->db, &q, &rows))
		return; /* keep what we know */
	while (n < 64 && db_next(&rows)) {
		struct peer_info *p = &list[n];

		if (!strcmp(db_get_str(&rows, "service"), s->info->name))
			continue; /* our own kind is never rung by us */
		snprintf(p->service, sizeof(p->service), "%s", db_get_str(&rows, "service"));
		snprintf(p->inst, sizeof(p->inst), "%s", db_get_str(&rows, "inst"));
		snprintf(p->endpoint, sizeof(p->endpoint), "%s", db_get_str(&rows, "endpoint"));
		p->draining = db_get_bool(&rows, "draining");
		n++;
	}
	peers_set(s->peers, list, n);
}

/* ---- housekeeping ------------------------------------------------------------------------- */

static int beat(struct service *s)
{
	static const struct db_query q = { .name = "bus_beat", .sql = "SELECT bus.beat($1::uuid, $2, $3::boolean)" };

	return db_exec(s->db, &q, NULL, db_str(s->inst), db_str(s->endpoint), db_bool(s->draining));
}

static void on_beat(void *arg)
{
	beat(arg);
}

static void on_tick(void *arg)
{
	struct service *s = arg;

	peers_tick(s->peers, zclock_mono());
	service_work_rung(s);
	peers_poll(s->peers);
}

static int on_sweep_again(zloop_t *loop, int id, void *arg);

static void sweep(struct service *s)
{
	service_sweep(s);
	service_work_rung(s);
	if (s->sweep_again)
		zloop_timer(s->loop, 1, 1, on_sweep_again, s);
}

static int on_sweep_again(zloop_t *loop, int id, void *arg)
{
	(void)loop;
	(void)id;
	sweep(arg);
	return 0;
}

static void on_sweep(void *arg)
{
	struct service *s = arg;

	if (!s->sweep_again) /* else the next turn is on its way */
		sweep(s);
}

static void on_release(void *arg)
{
	service_release_dead(arg);
}

static void on_tidy(void *arg)
{
	static const struct db_query purge_idem = { .name = "bus_purge_idem", .sql = "SELECT bus.purge_idem(1000)" };
	struct service *s = arg;

	service_bus_tidy(s);
	free_dead_watches(s, false);
	db_exec(s->db, &s->sql->purge, NULL);
	db_exec(s->db, &purge_idem, NULL);
}

static int on_drain_tick(zloop_t *loop, int id, void *arg)
{
	struct service *s = arg;
	bool idle = !s->me->idle || s->me->idle(s);
	(void)loop;
	(void)id;

	s->done = idle || zclock_mono() > s->drain_until;
	return s->done ? -1 : 0; /* -1 ends the loop */
}

static void on_stop(void *arg)
{
	struct service *s = arg;
	uint64_t n;

	if (read(s->stop_fd, &n, sizeof(n)) < 0 || s->draining)
		return;
	log_info("service.draining");
	s->draining = true;
	s->drain_until = zclock_mono() + DRAIN_MS;
	service_bus_goodbye(s);
	beat(s);
	zloop_timer(s->loop, 20, 0, on_drain_tick, s);
}

/* ---- begin and end ------------------------------------------------------------------------ */

/* A secret must not end up in a core file or be read by another process of the same user. */
static void harden(void)
{
#if !defined(__SANITIZE_ADDRESS__) /* the leak checker reads our memory as a debugger would */
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
#endif
}

static int catch_signals(struct service *s)
{
	const struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	s->stop_fd = stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0 || sigaction(SIGTERM, &act, NULL) || sigaction(SIGINT, &act, NULL) ||
	    sigaction(SIGPIPE, &ignore, NULL))
		return err_origin(-errno);
	return 0;
}

/* The database may come up after us: wait for it, but say so. */
static int wait_for_database(struct service *s)
{
	for (int i = 0; i < 600; i++) {
		const struct timespec pause = { .tv_nsec = 100 * 1000000 };
		uint64_t stop;

		if (!beat(s))
			return 0;
		if (read(s->stop_fd, &stop, sizeof(stop)) > 0)
			return -ECANCELED;
		nanosleep(&pause, NULL);
	}
	return err_origin(-ETIMEDOUT);
}

static int set_up(struct service *s)
{
	int r;

	r = keys_load(&s->keys, conf.keys, s->info->name);
	if (!r)
		r = catch_signals(s);
	if (r)
		return r;
	setenv("ZSYS_SIGHANDLER", "false", 1);
	s->loop = zloop_new();
	zloop_set_nonstop(s->loop, true);
	r = service_bus_open(s, conf.bind, conf.advertise);
	if (r)
		return r;
	s->db = db_new(conf.db, s->info->name);
	s->live = live_new();
	if (!s->live)
		return -EINVAL;
	s->peers = peers_new(&s->keys, s->info->name, &peer_ops, s);
	r = wait_for_database(s);
	if (!r && s->me->start)
		r = s->me->start(s);
	return r;
}

static void start_clocks(struct service *s)
{
	svc_watch(s, s->stop_fd, false, on_stop, s);
	svc_timer(s, BEAT_MS, on_beat, s);
	svc_timer(s, PEERS_MS, refresh_peers, s);
	svc_timer(s, TICK_MS, on_tick, s);
	svc_timer(s, SWEEP_MS + (int64_t)randombytes_uniform(100), on_sweep, s); /* replicas do not sweep in step */
	svc_timer(s, RELEASE_MS, on_release, s);
	svc_timer(s, TIDY_MS, on_tidy, s);
	refresh_peers(s);
	service_release_dead(s);
	sweep(s);
}

static void say_goodbye(struct service *s)
{
	static const struct db_query q = { .name = "bus_bye", .sql = "SELECT bus.bye($1::uuid)" };

	if (s->me->stop)
		s->me->stop(s);
	db_exec(s->db, &q, NULL, db_str(s->inst));
}

static void tear_down(struct service *s)
{
	struct service_timer *t;

	s->peers = peers_free(s->peers);
	service_bus_close(s);
	if (s->loop)
		zloop_destroy(&s->loop);
	free_dead_watches(s, true);
	while ((t = SLIST_FIRST(&s->timers))) {
		SLIST_REMOVE_HEAD(&s->timers, link);
		free(t);
	}
	s->db = db_free(s->db);
	s->live = live_free(s->live);
	keys_release(&s->keys);
	free(s->rung);
	free(s->claim_types);
	free(s->claim_actions);
}

int svc_run(const struct svc_main *me, int argc, char **argv)
{
	static const struct conf_param none[] = { CONF_END };
	const struct conf_param *const tables[] = { common_params, redis_params, me->params ? me->params : none, NULL };
	static struct service s;
	int r;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		conf_help(tables);
		return 0;
	}
	if (conf_load(tables))
		return 78; /* EX_CONFIG */
	s = (struct service){ .me = me, .info = svc_info(me->svc), .stop_fd = -1 };
	STAILQ_INIT(&s.after);
	LIST_INIT(&s.watches);
	SLIST_INIT(&s.timers);
	s.sql = inbox_sql(s.info->schema);
	log_init(s.info->name, conf.log_level);
	harden();
	if (sodium_init() < 0)
		return 1;
	uuid7(s.inst);
	service_authz_prepare(&s);
	r = set_up(&s);
	if (!r) {
		start_clocks(&s);
		log_info("service.ready", LOG_STR("inst", s.inst), LOG_STR("endpoint", s.endpoint));
		while (!s.done && (!zloop_start(s.loop) || errno == EINTR)) /* a signal interrupts it, also with nonstop */
			;
		say_goodbye(&s);
		log_info("service.stopped");
	}
	tear_down(&s);
	return r && r != -ECANCELED ? 1 : 0;
}
