/* The life of a worker: what Kore calls, the sandbox, draining. */
#include "gw_bus.h"
#include "gw_conf.h"
#include "gw_conn.h"
#include "gw_db.h"
#include "gw_keys.h"
#include "gw_live.h"
#include "gw_metrics.h"
#include "gw_redis.h"
#include "gw_routes.h"
#include "gw_static.h"
#include "log.h"

#if defined(GW_NO_SANDBOX)
#include <sanitizer/lsan_interface.h>
#endif

#include <jansson.h>
#include <kore/hooks.h>
#include <kore/seccomp.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRAIN_MS 5000
#define TICK_MS 100

/* clang-format off */
#if defined(GW_NO_SANDBOX) /* sanitizers need calls that a worker must not make */
KORE_SECCOMP_FILTER("all", KORE_BPF_RET(SECCOMP_RET_ALLOW))
#else
/*
 * What glibc, libpq, libzmq and libsodium need beyond Kore's own list, found by
 * tracing ("seccomp_tracing yes"). A call that is missing here ends the thread
 * that makes it, and nothing is said: tests/scenario/sandbox.test.mjs notices.
 */
KORE_SECCOMP_FILTER("gateway",
	KORE_SYSCALL_DENY(clone3, ENOSYS), /* glibc then uses clone(), which Kore's list allows */
	KORE_SYSCALL_ALLOW(newfstatat), KORE_SYSCALL_ALLOW(faccessat2), KORE_SYSCALL_ALLOW(statx),
	KORE_SYSCALL_ALLOW(eventfd2), KORE_SYSCALL_ALLOW(epoll_create1), KORE_SYSCALL_ALLOW(socketpair),
	KORE_SYSCALL_ALLOW(getpeername), KORE_SYSCALL_ALLOW(bind), KORE_SYSCALL_ALLOW(sendmsg),
	KORE_SYSCALL_ALLOW(sendmmsg), KORE_SYSCALL_ALLOW(recvmsg), KORE_SYSCALL_ALLOW(rseq),
	KORE_SYSCALL_ALLOW(gettid), KORE_SYSCALL_ALLOW(prctl), KORE_SYSCALL_ALLOW(sched_getaffinity),
	KORE_SYSCALL_ALLOW(sched_yield), KORE_SYSCALL_ALLOW(sched_getparam),
	KORE_SYSCALL_ALLOW(sched_getscheduler), KORE_SYSCALL_ALLOW(sched_setscheduler),
	KORE_SYSCALL_ALLOW(mremap), KORE_SYSCALL_ALLOW(uname), KORE_SYSCALL_ALLOW(prlimit64),
	KORE_SYSCALL_ALLOW(tgkill), KORE_SYSCALL_ALLOW(sysinfo), KORE_SYSCALL_ALLOW(getrusage),
	KORE_SYSCALL_ALLOW(pipe2), KORE_SYSCALL_ALLOW(getppid), KORE_SYSCALL_ALLOW(shutdown),
	KORE_SYSCALL_ALLOW(mlock), KORE_SYSCALL_ALLOW(munlock), KORE_SYSCALL_ALLOW(madvise), /* CURVE keeps its keys in sodium_malloc() */
	KORE_SYSCALL_DENY_ARG(socket, 0, AF_NETLINK, EACCES))
#endif
/* clang-format on */

static struct keys keys;
static volatile sig_atomic_t draining;
static uint64_t drain_until;
static bool quitting, leaving;

const struct keys *gw_keys(void)
{
	return &keys;
}

bool gw_draining(void)
{
	return draining;
}

/* jansson keeps copies of what it read, and passwords come as JSON. */
static void forget(void *at)
{
	if (at)
		explicit_bzero(at, malloc_usable_size(at));
	free(at);
}

static void on_term(int sig)
{
	(void)sig;
	draining = 1;
}

/* Also the heartbeat without which an idle worker never looks at Kore's own timeouts. */
static void on_tick(void *arg, uint64_t now)
{
	(void)arg;
	if (!draining || quitting)
		return;
	if (!drain_until) {
		drain_until = now + DRAIN_MS;
		log_info("service.draining", LOG_I64("requests", http_request_count));
		gw_live_leave();
	} else if (!http_request_count || now > drain_until) {
		quitting = true;
		raise(SIGQUIT);
	}
}

/*
 * Leaves without destructors: those of libraries that libpq and libcurl bring along wait for ever
 * for a lock of the C library's once something has gone wrong.
 */
static void end_parent(int status, void *arg)
{
	(void)arg;
#if defined(GW_NO_SANDBOX)
	if (!status)                                /* fatal() frees nothing */
		__lsan_do_recoverable_leak_check(); /* _exit() would leave it out */
#endif
	fflush(NULL);
	log_flush();
	_exit(status);
}

/* ---- what Kore calls ---------------------------------------------------------------------- */

void kore_parent_configure(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	on_exit(end_parent, NULL);
	setvbuf(stdout, NULL, _IOLBF,
	        0); /* kore_log() prints; forked children must not repeat its buffer */
	if (sodium_init() < 0 || conf_load(gw_conf_tables))
		fatal("configuration");
	json_set_alloc_funcs(malloc, forget);
	log_init("gateway", gw_conf.log_level);
	if (gw_routes_check(gw_routes))
		fatal("routes");
	if (keys_load(&keys, gw_conf.keys, "gateway"))
		fatal("keys");
	if (gw_redis_prepare())
		fatal("redis");
	gw_static_load(gw_conf.web);
	gw_openapi_prepare();
	gw_metrics_prepare();
}

/* The launcher's own directory, when nobody gave it one. */
void kore_parent_teardown(void)
{
	const char *dir = getenv("GW_RUNTIME_OWN");
	char path[256];

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/kore.conf", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/kore.pid", dir);
	unlink(path);
	rmdir(dir);
}

/* Leaves without destructors: those of some libraries wait for ever after Kore's fatal(). */
static void hard_exit(void)
{
	log_flush();
	if (!leaving)
		_exit(1);
}

void kore_worker_configure(void)
{
	struct sigaction act = { .sa_handler = on_term };
	const struct gw_stmt *stmts;
	size_t n = gw_statements(&stmts);

#if !defined(GW_NO_SANDBOX)
	prctl(PR_SET_DUMPABLE, 0);
#endif
	setenv("ZSYS_SIGHANDLER", "false", 1); /* czmq would take SIGTERM from us */
	atexit(hard_exit);
	gw_conn_start();
	gw_db_start(gw_conf.db, (int)gw_conf.db_connections, stmts, n);
	gw_redis_start();
	gw_bus_start(&keys);
	gw_live_start();
	sigfillset(&act.sa_mask);
	sigaction(SIGTERM, &act, NULL);
	kore_timer_add(on_tick, TICK_MS, NULL, 0);
	log_info("service.ready", LOG_STR("listen", gw_conf.listen), LOG_I64("worker", worker->id));
}

void kore_worker_teardown(void)
{
	log_info("service.stopped");
	kore_connection_prune(KORE_CONNECTION_PRUNE_ALL); /* sends what is queued */
#if defined(GW_NO_SANDBOX)
	http_process(); /* frees the requests of those connections */
	kore_server_cleanup();
	__lsan_do_recoverable_leak_check(); /* _exit() would leave it out */
#endif
	fflush(NULL);
	log_flush();
	leaving = true;
	_exit(0);
}
