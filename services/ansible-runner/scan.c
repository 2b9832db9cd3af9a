#include "scan.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define AGAIN_MS 300

void scan_init(struct scan *s)
{
	*s = (struct scan){ .fd = -1 };
}

void scan_stop(struct scan *s)
{
	if (s->fd >= 0)
		close(s->fd); /* ssh-keyscan ends by itself within 5 s */
	s->fd = -1;
}

static void begin(struct scan *s, const struct workdir_conf *conf, const char *address)
{
	char uid[24], port[24];
	const char *argv[6] = { spawn_beside("sps-run"), "--scan", uid, address, port, NULL };
	int ends[2];
	pid_t pid;

	snprintf(uid, sizeof(uid), "%" PRId64, conf->run_uid);
	snprintf(port, sizeof(port), "%" PRId64, conf->ssh_port);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return;
	pid = spawn(&(struct spawn){ .argv = argv, .out = ends[1], .key = -1 });
	close(ends[1]);
	if (pid < 0) {
		log_error("scan.spawn", LOG_STR("why", "ssh-keyscan could not be started"), LOG_I64("errno", -pid));
		close(ends[0]);
		return;
	}
	s->fd = ends[0];
	s->len = 0;
}

bool scan_poll(struct service *svc, struct scan *s, const struct workdir_conf *conf, const char *address, int64_t now_ms,
               char ret_key[HOST_KEY_MAX])
{
	ssize_t n;
	(void)svc;

	if (s->fd < 0) {
		if (now_ms >= s->next)
			begin(s, conf, address);
		return false;
	}
	n = read(s->fd, s->out + s->len, sizeof(s->out) - 1 - s->len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n > 0) {
		s->len += (size_t)n;
		return false;
	}
	s->out[s->len] = '\0';
	scan_stop(s);
	s->next = now_ms + AGAIN_MS;
	return host_key_scanned(s->out, ret_key);
}
