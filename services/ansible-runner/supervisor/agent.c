#include "agent.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_MAX 4096
#define PATIENCE_MS 10000

int agent_read_key(int fd, char **ret)
{
	char *key = sodium_malloc(KEY_MAX);
	size_t n = 0;
	ssize_t got = 1;

	if (!key)
		return -1;
	while (n < KEY_MAX - 1 && (got = read(fd, key + n, KEY_MAX - 1 - n)) != 0) {
		if (got < 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	if (got || !n) { /* an error, too long, or nothing came */
		sodium_free(key);
		return -1;
	}
	key[n] = '\0';
	*ret = key;
	return 0;
}

/* Reads from @fd into @text until its end, a line, or the end of our patience. true: something
 * came. */
static bool hear(int fd, bool one_line, char *text, size_t room)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	while (n < room - 1 && poll(&p, 1, PATIENCE_MS) > 0) {
		ssize_t got = read(fd, text + n, room - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		if (one_line && memchr(text, '\n', n))
			break;
	}
	text[n] = '\0';
	return n > 0;
}

/* Starts one of OpenSSH's helpers; what it says comes on *ret_said. */
static pid_t helper(const struct params *p, const char *const *argv, int in, bool out,
                    int *ret_said, char why[160])
{
	const char *const env[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL, NULL };
	const char *const env_agent[] = { "PATH=/usr/bin:/bin", "LANG=C.UTF-8",
		                          "SSH_AUTH_SOCK=agent", NULL };
	int said[2];
	pid_t pid;

	if (pipe2(said, O_CLOEXEC)) {
		snprintf(why, 160, "pipe: %s", strerror(errno));
		return -1;
	}
	pid = launch(&(struct launch){ .argv = argv,
	                               .env = out ? env : env_agent,
	                               .dir = params_path(p, "work"),
	                               .in = in,
	                               .out = out ? said[1] : -1,
	                               .err = out ? -1 : said[1],
	                               .extra = -1,
	                               .uid = p->uid },
	             why);
	close(said[1]);
	if (pid < 0)
		close(said[0]);
	*ret_said = said[0];
	return pid;
}

/* In the foreground it says where it listens once it does. */
static int start(const struct params *p, char why[160])
{
	const char *const argv[] = { "/usr/bin/ssh-agent", "-D", "-a", "agent", NULL };
	char text[256];
	int said;
	bool up;

	if (helper(p, argv, -1, true, &said, why) < 0)
		return -1;
	up = hear(said, true, text, sizeof(text));
	close(said);
	if (!up)
		snprintf(why, 160, "ssh-agent did not come up");
	return up ? 0 : -1;
}

static void feed(int fd, const char *key)
{
	ssize_t done =
		write(fd, key, strlen(key)); /* a pipe takes it at once; if not, ssh-add says so */

	(void)done;
	close(fd);
}

static int add(const struct params *p, const char *key, char why[160])
{
	char lifetime[24], host[80], text[120];
	const char *const argv[] = { "/usr/bin/ssh-add",
		                     "-q",
		                     "-t",
		                     lifetime,
		                     "-H",
		                     params_path(p, "in/known_hosts"),
		                     "-h",
		                     host,
		                     "-",
		                     NULL };
	int in[2], said, status = 0;
	pid_t pid;

	snprintf(lifetime, sizeof(lifetime), "%lld", (long long)p->timeout_s + 60);
	params_host(p, host, sizeof(host));
	if (pipe2(in, O_CLOEXEC)) {
		snprintf(why, 160, "pipe: %s", strerror(errno));
		return -1;
	}
	pid = helper(p, argv, in[0], false, &said, why);
	close(in[0]);
	feed(in[1], key);
	if (pid < 0)
		return -1;
	hear(said, false, text, sizeof(text));
	close(said);
	if (waitpid(pid, &status, 0) != pid || status) {
		snprintf(why, 160, "ssh-add: %.*s", (int)strcspn(text, "\r\n"), text);
		return -1;
	}
	return 0;
}

int agent_start(const struct params *p, const char *key, char why[160])
{
	return start(p, why) || add(p, key, why) ? -1 : 0;
}
