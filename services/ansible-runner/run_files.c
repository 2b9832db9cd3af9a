#include "run_files.h"
#include "buf.h"
#include "err.h"
#include "plugin.h"
#include "supervisor/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256 * 1024)
#define GRACE_MS 10000

struct files {
	const struct run_dir_settings *settings;
	const struct run *run;
	const char *host_key;
	char dir[256], host[80];
};

/* ---- the texts ----------------------------------------------------------------------------- */

/* Facts about the server are values of our own; they need no quoting beyond JSON's. */
static void inventory(const struct files *f, struct buf *b)
{
	buf_str(b, "{\"all\":{\"hosts\":{");
	buf_json_str(b, f->run->name);
	buf_str(b, ":{\"ansible_host\":");
	buf_json_str(b, f->run->address);
	buf_fmt(b, ",\"ansible_user\":\"root\",\"ansible_port\":%" PRId64 "}}}}\n",
	        f->settings->port);
}

/* What people have chosen is data: marked unsafe, it is never looked through for templates. */
static void vars(const struct files *f, struct buf *b)
{
	buf_str(b, "{\"portal_name\":{\"__ansible_unsafe\":");
	buf_json_str(b, f->run->name);
	buf_fmt(b, "},\"portal_request\":%" PRId64 "}\n", f->run->request);
}

static void known_hosts(const struct files *f, struct buf *b)
{
	buf_fmt(b, "%s %s\n", f->host, f->host_key);
}

/* Shown to runs whose uid has no entry of its own: ssh refuses to work for nobody. */
static void passwd(const struct files *f, struct buf *b)
{
	buf_str(b, "root:x:0:0:root:/root:/usr/sbin/nologin\n");
	buf_fmt(b, "run:x:%" PRId64 ":%" PRId64 ":run:%s/work:/usr/sbin/nologin\n",
	        f->settings->uid, f->settings->uid, f->dir);
}

static void plugin(const struct files *f, struct buf *b)
{
	(void)f;
	buf_add(b, plugin_text, (size_t)(plugin_text_end - plugin_text));
}

static void config(const struct files *f, struct buf *b)
{
	buf_fmt(b,
	        "[defaults]\n"
	        "host_key_checking = True\n"
	        "interpreter_python = /usr/bin/python3\n"
	        "callback_plugins = %1$s/in/plugins\n"
	        "callbacks_enabled = sps_events\n"
	        "stdout_callback = default\n"
	        "local_tmp = %1$s/work/tmp\n"
	        "roles_path = %1$s/in/roles\n"
	        "collections_path = %1$s/in/collections\n"
	        "retry_files_enabled = False\n"
	        "nocows = True\n"
	        "force_color = True\n"
	        "deprecation_warnings = False\n"
	        "forks = 5\n"
	        "timeout = 10\n"
	        "[inventory]\n"
	        "enable_plugins = yaml\n"
	        "[ssh_connection]\n"
	        "pipelining = True\n"
	        "retries = 0\n"
	        "ssh_args = -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o "
	        "UserKnownHostsFile=%1$s/in/known_hosts"
	        " -o GlobalKnownHostsFile=/dev/null -o HostKeyAlgorithms=ssh-ed25519 -o "
	        "PreferredAuthentications=publickey"
	        " -o ForwardAgent=no -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o "
	        "ControlMaster=auto -o ControlPersist=60 -o ControlPath=cm-%%C\n",
	        f->dir);
}

static void params(const struct files *f, struct buf *b)
{
	buf_fmt(b,
	        "{\"uid\":%" PRId64
	        ",\"timeout_s\":%d,\"grace_ms\":%d,\"output_max\":%d,\"address\":",
	        f->settings->uid, f->run->timeout_s, GRACE_MS, SPOOL_OUTPUT_MAX);
	buf_json_str(b, f->run->address);
	buf_fmt(b, ",\"port\":%" PRId64 "}\n", f->settings->port);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Readable by runs, through their group, when they have a uid of their own. */
static int put(const struct run_dir_settings *s, int at, const char *name, const struct buf *text,
               bool for_runs)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600),
	    r = 0;

	if (fd < 0)
		return -1;
	if (for_runs && s->uid && (fchown(fd, (uid_t)-1, (gid_t)s->uid) || fchmod(fd, 0640)))
		r = -1;
	if (!r && write(fd, text->data, text->len) != (ssize_t)text->len)
		r = -1;
	if (close(fd))
		r = -1;
	return r;
}

static int read_playbook(const struct files *f, struct buf *b, char why[200])
{
	char path[400], data[4096];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s.yml", f->settings->playbooks, f->run->playbook);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, 200, "the playbook %s cannot be read: %s", f->run->playbook,
		         strerror(errno));
		return -1;
	}
	while ((n = read(fd, data, sizeof(data))) > 0)
		buf_add(b, data, (size_t)n);
	close(fd);
	if (n < 0 || b->cut || !b->len) {
		snprintf(why, 200, "the playbook %s is empty, too long or cannot be read",
		         f->run->playbook);
		return -1;
	}
	return 0;
}

int run_files_write(const struct run_dir_settings *s, const struct run *run, const char *host_key,
                    int dir, int in, int plugins, char why[200])
{
	struct files f = { .settings = s, .run = run, .host_key = host_key };
	const struct {
		int at;
		const char *name;
		void (*text)(const struct files *f, struct buf *b);
	} all[] = {
		{ in, "inventory.json", inventory }, { in, "vars.json", vars },
		{ in, "known_hosts", known_hosts },  { in, "passwd", passwd },
		{ in, "ansible.cfg", config },       { plugins, "sps_events.py", plugin },
		{ dir, "params.json", params },
	};
	_cleanup_(buf_release) struct buf b = { 0 };

	run_dir_path(s, run->id, f.dir);
	run_dir_host(s, run, f.host);
	buf_init(&b, FILE_MAX);
	if (read_playbook(&f, &b, why))
		return -1;
	if (put(s, in, "playbook.yml", &b, true))
		goto bad;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		buf_clear(&b);
		all[i].text(&f, &b);
		if (put(s, all[i].at, all[i].name, &b, all[i].at != dir))
			goto bad;
	}
	return 0;
bad:
	snprintf(why, 200, "the run directory cannot be written: %s", strerror(errno));
	return -1;
}
