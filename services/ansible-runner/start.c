/* A run that waits for its server: until it answers, and answers with the host key it should have.
 */
#include "engine.h"
#include "helper.h"
#include "host_key.h"
#include "keyscan.h"
#include "run_end.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOOKS_MS 500 /* between two looks at first */
#define SLOW_MS 2000 /* and after half a minute */
#define SLOW_AFTER_S 30

struct judged {
	struct active *a;
	const char *seen;
	enum host_key_verdict verdict;
};

/* ---- the end before the beginning ----------------------------------------------------------- */

struct failure {
	struct active *a;
	const char *reason, *message;
};

static int record_failure(struct cmd *c, void *arg)
{
	const struct failure *f = arg;

	run_correlate(c, &f->a->run);
	return run_end(c, &f->a->run,
	               &(struct run_outcome){ .event = RUN_FAILED,
	                                      .reason = f->reason,
	                                      .message = f->message,
	                                      .exit = -1,
	                                      .ours = true });
}

static void fail(struct active *a, const char *reason, const char *message)
{
	struct failure f = { a, reason, message };
	int r = svc_transaction(a->engine->svc, record_failure, &f);

	a->over = !r || r == RUN_E_NOT_OURS;
	if (!a->over)
		engine_rest(a, r); /* afterwards a look comes here again */
}

/* ---- what the server showed ----------------------------------------------------------------- */

static int judge(struct cmd *c, void *arg)
{
	struct judged *j = arg;

	run_correlate(c, &j->a->run);
	return host_key_judge(c, &j->a->run, j->seen, &j->verdict);
}

static void seen(struct active *a, const char *key)
{
	struct judged j = { .a = a, .seen = key };
	int r;

	a->answered = true;
	r = svc_transaction(a->engine->svc, judge, &j);
	if (r == RUN_E_NOT_OURS) {
		a->over = true;
	} else if (!r && j.verdict == HOST_KEY_CHANGED) {
		fail(a, "host_key_changed",
		     "The server answered with another host key than the one it is known by. "
		     "Nothing was run. Find out why before you"
		     " trust it again.");
	} else if (!r && j.verdict == HOST_KEY_MISMATCH) {
		fail(a, "host_key_mismatch",
		     "The host key that the server reported is not the one it answers with: "
		     "somebody may be in between. Nothing was"
		     " run.");
	} else if (!r && j.verdict == HOST_KEY_PINNED) {
		openssh_fingerprint(key, a->fingerprint);
		admit_soon(a->engine);
		admit(a->engine);
	}
}

/* ---- looking -------------------------------------------------------------------------------- */

static void stop_looking(struct active *a)
{
	svc_unwatch(a->engine->svc, a->scan_fd);
	close(a->scan_fd);
	a->scan_fd = -1;
	a->scanner = 0;
}

static void on_scan(void *arg)
{
	struct active *a = arg;
	char host[80], key[SSH_HOST_KEY];
	ssize_t n;

	while ((n = read(a->scan_fd, a->scanned + a->n_scanned,
	                 sizeof(a->scanned) - a->n_scanned)) > 0)
		a->n_scanned += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	stop_looking(a);
	run_dir_host(&a->engine->settings.dir, &a->run, host);
	if (keyscan_read(a->scanned, a->n_scanned, host, key))
		seen(a, key);
}

static void begin_looking(struct active *a)
{
	pid_t pid = helper_scan(&a->engine->settings.dir, a->run.address, &a->scan_fd);

	if (pid < 0) {
		log_warn("scan.start", LOG_I64("run", a->run.id), LOG_STR("why", strerror(-pid)));
		return;
	}
	a->scanner = pid;
	a->n_scanned = 0;
	svc_watch(a->engine->svc, a->scan_fd, false, on_scan, a);
}

static void give_up(struct active *a)
{
	if (a->answered)
		fail(a, "host_key_unreported",
		     "The server answers by SSH but has not told us its host key, so nobody can "
		     "say that it is the right one. Can it"
		     " reach the portal's public address?");
	else
		fail(a, "unreachable",
		     "The server did not answer by SSH in time. Is it running, and is port 22 "
		     "open?");
}

void start_step(struct active *a)
{
	int64_t now = engine_now(), waited_ms;

	if (*a->fingerprint)
		return;      /* admit.c goes on */
	if (!a->followed_at) /* when we got it */
		a->followed_at = now;
	waited_ms = a->run.waiting_s * 1000 + now - a->followed_at;
	if (a->scan_fd >= 0) /* ssh-keyscan gives up by itself after five seconds */
		return;
	if (waited_ms > a->engine->settings.ssh_wait_s * 1000) {
		give_up(a);
		return;
	}
	if (now < a->next_scan)
		return;
	a->next_scan = now + (waited_ms > SLOW_AFTER_S * 1000 ? SLOW_MS : LOOKS_MS);
	begin_looking(a);
}

void start_release(struct active *a)
{
	if (a->scan_fd >= 0)
		stop_looking(a);
}
