#include "run_dir.h"
#include "err.h"
#include "run_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LONGEST 90 /* sockets below it must fit into 107 bytes */

/* Paths go into ansible.cfg and ssh's options, where only plain characters mean the same
 * everywhere. */
static bool plain(const char *path)
{
	if (*path != '/' || strlen(path) > PATH_LONGEST || strstr(path, ".."))
		return false;
	for (; *path; path++)
		if (!isalnum((unsigned char)*path) && !strchr("/._+-", *path))
			return false;
	return true;
}

static int read_place(int fd, char place[UUID_TEXT])
{
	uint8_t raw[16];
	ssize_t n = pread(fd, place, UUID_TEXT - 1, 0);

	if (n != UUID_TEXT - 1)
		return -1;
	place[n] = '\0';
	return uuid_parse(place, raw) ? 0 : -1;
}

/* Two replicas may open it for the first time at once: one of them writes, under the lock. */
static int know_place(int dir, char place[UUID_TEXT])
{
	int fd = openat(dir, "place", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;

	if (fd < 0 || flock(fd, LOCK_EX))
		return -errno;
	if (read_place(fd, place)) {
		uuid7(place);
		if (ftruncate(fd, 0) || pwrite(fd, place, UUID_TEXT - 1, 0) != UUID_TEXT - 1 ||
		    fsync(fd))
			r = -errno;
	}
	close(fd);
	return r;
}

int run_dir_open(struct run_dir_settings *s)
{
	int fd, r;

	if (!plain(s->base)) {
		log_error("run_dir.path", LOG_STR("path", s->base),
		          LOG_STR("why", "it must be absolute, short, and of letters, digits and / "
		                         ". _ + - only"));
		return -EINVAL;
	}
	fd = open(s->base, O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : know_place(fd, s->place);
	if (fd >= 0)
		close(fd);
	if (r)
		log_error("run_dir.open", LOG_STR("path", s->base), LOG_STR("why", strerror(-r)));
	return r;
}

void run_dir_path(const struct run_dir_settings *s, int64_t run, char out[256])
{
	snprintf(out, 256, "%s/%" PRId64, s->base, run);
}

void run_dir_host(const struct run_dir_settings *s, const struct run *run, char out[80])
{
	if (s->port == 22)
		snprintf(out, 80, "%s", run->address);
	else
		snprintf(out, 80, "[%s]:%" PRId64, run->address, s->port);
}

/* ---- making -------------------------------------------------------------------------------- */

/* A directory of ours that runs may look into (@look) or that is theirs (@theirs). */
static int make(const struct run_dir_settings *s, int at, const char *name, mode_t mode,
                bool theirs)
{
	uid_t uid = (uid_t)s->uid;
	int fd;

	if (mkdirat(at, name, 0700) && errno != EEXIST)
		return -1;
	fd = openat(at, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* the mode first: afterwards it may not be ours any more */
	if (fchmod(fd, uid ? mode : 0700) || (uid && fchown(fd, theirs ? uid : (uid_t)-1, uid))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int make_work(const struct run_dir_settings *s, int dir)
{
	struct stat st;
	int fd;

	if (!fstatat(dir, "work", &st,
	             AT_SYMLINK_NOFOLLOW)) /* of a start that did not come to anything */
		return 0;
	fd = make(s, dir, "work", 0700, true);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int fill(const struct run_dir_settings *s, const struct run *run, const char *host_key,
                int dir, char why[200])
{
	int in = make(s, dir, "in", 0750, false),
	    plugins = in < 0 ? -1 : make(s, in, "plugins", 0750, false), r = -1;

	if (plugins >= 0 && !make_work(s, dir))
		r = run_files_write(s, run, host_key, dir, in, plugins, why);
	else
		snprintf(why, 200, "the run directory: %s", strerror(errno));
	if (plugins >= 0)
		close(plugins);
	if (in >= 0)
		close(in);
	return r;
}

int run_dir_prepare(const struct run_dir_settings *s, const struct run *run, const char *host_key,
                    char why[200])
{
	char name[24];
	int base = open(s->base, O_DIRECTORY | O_CLOEXEC), dir, r;

	snprintf(name, sizeof(name), "%" PRId64, run->id);
	dir = base < 0 ? -1 : make(s, base, name, 0710, false);
	if (base >= 0)
		close(base);
	if (dir < 0) {
		snprintf(why, 200, "the run directory: %s", strerror(errno));
		return -1;
	}
	r = fill(s, run, host_key, dir, why);
	close(dir);
	return r;
}

/* ---- the supervisor ------------------------------------------------------------------------ */

bool run_dir_wish(const struct run_dir_settings *s, int64_t run, const char *wish)
{
	char dir[256], path[280];
	int fd;

	run_dir_path(s, run, dir);
	snprintf(path, sizeof(path), "%s/%s", dir, wish);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int open_lock(const struct run_dir_settings *s, int64_t run)
{
	char dir[256], path[280];

	run_dir_path(s, run, dir);
	snprintf(path, sizeof(path), "%s/lock", dir);
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

bool run_dir_locked(const struct run_dir_settings *s, int64_t run)
{
	int fd = open_lock(s, run);
	bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return locked;
}

void run_dir_kill(const struct run_dir_settings *s, int64_t run)
{
	int fd = open_lock(s, run);
	char text[24] = "";
	long pid;

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0 &&
	    run_dir_locked(s, run)) { /* locked: it is still that process */
		pid = strtol(text, NULL, 10);
		if (pid > 1)
			kill((pid_t)pid, SIGKILL);
	}
	close(fd);
}

/* ---- removing ------------------------------------------------------------------------------ */

static void empty(int at, const char *name)
{
	int fd = openat(at, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	unlinkat(at, name, AT_REMOVEDIR);
}

bool run_dir_untidy(const struct run_dir_settings *s, int64_t run)
{
	char dir[256], path[280];

	run_dir_path(s, run, dir);
	snprintf(path, sizeof(path), "%s/params.json", dir);
	return !access(path, F_OK);
}

void run_dir_tidy(const struct run_dir_settings *s, int64_t run)
{
	static const char *const files[] = { "params.json", "cancel", "kill", "supervisor.log",
		                             "lock" };
	char path[256];
	int dir;

	run_dir_path(s, run, path);
	dir = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return;
	empty(dir, "in/plugins");
	empty(dir, "in");
	unlinkat(dir, "work", AT_REMOVEDIR);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlinkat(dir, files[i], 0);
	close(dir);
}

void run_dir_remove(const struct run_dir_settings *s, int64_t run)
{
	char path[256], spool[280];

	run_dir_tidy(s, run);
	run_dir_path(s, run, path);
	snprintf(spool, sizeof(spool), "%s/spool", path);
	unlink(spool);
	rmdir(path);
}
