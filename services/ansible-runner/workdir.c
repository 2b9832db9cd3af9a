#include "workdir.h"

#include "buf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The callback plug-in is part of this program, so that a run cannot meet another version of it. */
__asm__(".section .rodata\n.global sps_events_begin\n.global sps_events_end\n"
        "sps_events_begin:\n.incbin \"" SPS_EVENTS_PY "\"\nsps_events_end:\n.byte 0\n.previous\n");
extern const char sps_events_begin[], sps_events_end[];

void workdir_path(struct service *s, const struct workdir_conf *conf, int64_t run, char out[WORKDIR_PATH])
{
	uint8_t hash[16], in[8];
	char hex[33];

	for (int i = 0; i < 8; i++)
		in[i] = (uint8_t)((uint64_t)run >> (8 * i));
	crypto_generichash(hash, sizeof(hash), in, sizeof(in), svc_keys(s)->own + 32, 32);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(out, WORKDIR_PATH, "%s/%" PRId64 "-%.16s", conf->run_dir, run, hex);
}

static int write_file(const char *dir, const char *name, const void *data, size_t len, mode_t mode)
{
	char path[WORKDIR_PATH + 40];
	const char *at = data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR) {
			close(fd);
			return -EIO;
		}
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	fchmod(fd, mode); /* whatever the umask */
	close(fd);
	return 0;
}

static int write_buf(const char *dir, const char *name, struct buf *b)
{
	int r = write_file(dir, name, b->data, b->len, 0644);

	buf_release(b);
	return r;
}

static int make_dir(const char *dir, const char *sub, mode_t mode)
{
	char path[WORKDIR_PATH + 40];

	snprintf(path, sizeof(path), "%s%s%s", dir, *sub ? "/" : "", sub);
	if (mkdir(path, mode) && errno != EEXIST)
		return -errno;
	return chmod(path, mode) ? -errno : 0;
}

static int write_config(const char *dir, const struct workdir_conf *conf)
{
	struct buf b = { .max = 8192 };
	(void)conf;

	buf_fmt(&b,
	        "[defaults]\n"
	        "host_key_checking = True\n"
	        "retry_files_enabled = False\n"
	        "callback_plugins = %s/in/plugins\n"
	        "callbacks_enabled = sps_events\n"
	        "stdout_callback = default\n"
	        "force_color = True\n"
	        "interpreter_python = /usr/bin/python3\n"
	        "gather_subset = !all,min\n"
	        "local_tmp = %s/work/tmp\n"
	        "timeout = 10\n"
	        "nocows = True\n"
	        "deprecation_warnings = False\n"
	        "\n[ssh_connection]\n"
	        "pipelining = True\n"
	        "retries = 1\n"
	        "ssh_args = -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=%s/in/known_hosts"
	        " -o GlobalKnownHostsFile=/dev/null -o HostKeyAlgorithms=ssh-ed25519 -o ConnectTimeout=10"
	        " -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o ControlMaster=auto -o ControlPersist=60 -o ControlPath=cm-%%C\n",
	        dir, dir, dir);
	return write_buf(dir, "in/ansible.cfg", &b);
}

static int write_inventory(const char *dir, const struct workdir_conf *conf, const struct run_row *r)
{
	struct buf b = { .max = 4096 };

	buf_str(&b, "{\"all\":{\"hosts\":{");
	buf_json_str(&b, r->name);
	buf_str(&b, ":{\"ansible_host\":");
	buf_json_str(&b, r->address);
	buf_fmt(&b, ",\"ansible_port\":%" PRId64 ",\"ansible_user\":\"root\"}}}}\n", conf->ssh_port);
	return write_buf(dir, "in/inventory.json", &b);
}

static int write_known_hosts(const char *dir, const struct workdir_conf *conf, const struct run_row *r, const char *key)
{
	struct buf b = { .max = 1024 };

	if (conf->ssh_port == 22)
		buf_fmt(&b, "%s %s\n", r->address, key);
	else
		buf_fmt(&b, "[%s]:%" PRId64 " %s\n", r->address, conf->ssh_port, key);
	return write_buf(dir, "in/known_hosts", &b);
}

static int write_params(const char *dir, const struct workdir_conf *conf, const struct run_row *r)
{
	struct buf b = { .max = 1024 };

	buf_fmt(&b, "{\"uid\":%" PRId64 ",\"timeout_s\":%" PRId64 ",\"grace_ms\":%" PRId64 ",\"output_max\":%" PRId64 ",\"address\":",
	        conf->run_uid, r->timeout_s, conf->grace_ms, conf->output_max);
	buf_json_str(&b, r->address);
	buf_fmt(&b, ",\"port\":%" PRId64 "}\n", conf->ssh_port);
	return write_buf(dir, "params.json", &b);
}

/* A name for the uid of runs, for programs that ask (ssh does). */
static int write_passwd(const char *dir, const struct workdir_conf *conf)
{
	int64_t uid = conf->run_uid ? conf->run_uid : (int64_t)getuid();
	struct buf b = { .max = 1024 };

	buf_fmt(&b, "root:x:0:0:root:/root:/usr/sbin/nologin\nrun:x:%" PRId64 ":%" PRId64 "::%s/work:/usr/sbin/nologin\n", uid, uid, dir);
	return write_buf(dir, "in/passwd", &b);
}

static int copy_playbook(const char *dir, const struct workdir_conf *conf, const char *playbook, char why[200])
{
	_cleanup_(buf_release) struct buf text = { .max = 1 << 20 };
	char path[WORKDIR_PATH + 80], chunk[8192];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.yml", conf->playbooks, playbook);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		snprintf(why, 200, "There is no playbook called %s.", playbook);
		return -errno;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)n);
	close(fd);
	return n < 0 || text.cut ? -EIO : write_file(dir, "in/playbook.yml", text.data, text.len, 0644);
}

int workdir_prepare(struct service *s, const struct workdir_conf *conf, const struct run_row *r, const char *host_key,
                    char why[200])
{
	/* the run's own user must get in and write in work; nobody else knows the name of the directory */
	const struct {
		const char *name;
		mode_t mode;
	} dirs[] = { { "", 0711 }, { "in", 0755 }, { "in/plugins", 0755 }, { "work", 01777 } };
	char dir[WORKDIR_PATH];
	int rc = 0;

	workdir_path(s, conf, r->id, dir);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && !rc; i++)
		rc = make_dir(dir, dirs[i].name, dirs[i].mode);
	rc = rc ? rc : write_config(dir, conf);
	rc = rc ? rc : write_inventory(dir, conf, r);
	rc = rc ? rc : write_known_hosts(dir, conf, r, host_key);
	rc = rc ? rc : write_passwd(dir, conf);
	rc = rc ? rc : write_file(dir, "in/vars.json", "{}\n", 3, 0644);
	rc = rc ? rc : write_file(dir, "in/plugins/sps_events.py", sps_events_begin, (size_t)(sps_events_end - sps_events_begin), 0644);
	rc = rc ? rc : copy_playbook(dir, conf, r->playbook, why);
	rc = rc ? rc : write_params(dir, conf, r);
	if (rc && !why[0])
		snprintf(why, 200, "The run's directory could not be written: %s.", strerror(-rc));
	return rc;
}

void workdir_wish(struct service *s, const struct workdir_conf *conf, int64_t run, const char *wish)
{
	char dir[WORKDIR_PATH];

	workdir_path(s, conf, run, dir);
	if (write_file(dir, wish, "", 0, 0600))
		log_warn("run.wish", LOG_I64("run", run), LOG_STR("wish", wish), LOG_STR("why", strerror(errno)));
}

bool workdir_locked(struct service *s, const struct workdir_conf *conf, int64_t run)
{
	char dir[WORKDIR_PATH], path[WORKDIR_PATH + 10];
	bool held;
	int fd;

	workdir_path(s, conf, run, dir);
	snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	held = flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return held;
}

int workdir_place(const struct workdir_conf *conf, char out[UUID_TEXT])
{
	char path[WORKDIR_PATH];
	uint8_t raw[16];
	ssize_t n;
	int fd, r;

	snprintf(path, sizeof(path), "%s/place", conf->run_dir);
	uuid7(out);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		r = write(fd, out, UUID_TEXT - 1) == UUID_TEXT - 1 ? 0 : -EIO;
		close(fd);
		return r;
	}
	fd = errno == EEXIST ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return -errno;
	n = read(fd, out, UUID_TEXT - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return uuid_parse(out, raw) ? 0 : -EBADMSG;
}
