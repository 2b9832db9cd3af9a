/*
 * sps-gateway: reads the settings, writes Kore's configuration file and becomes
 * Kore. Kore is the program; everything of ours is in gateway.so beside it.
 */
#include "err.h"
#include "gw_conf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define KORE "/usr/bin/kore"

/* The directory of our own binary: gateway.so lies there. */
static int own_directory(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return -errno;
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		*slash = '\0';
	return 0;
}

static int split_listen(char host[64], char port[8])
{
	const char *colon = strrchr(gw_conf.listen, ':');
	size_t n = colon ? (size_t)(colon - gw_conf.listen) : 0;

	if (!n || n >= 64 || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
		fprintf(stderr,
		        "configuration: listen must be ADDRESS:PORT, like 127.0.0.1:8080\n");
		return -EINVAL;
	}
	snprintf(host, 64, "%.*s", (int)n, gw_conf.listen);
	snprintf(port, 8, "%s", colon + 1);
	return 0;
}

/* Why each value: they were found by load and hostile tests; http_header_timeout must not be below
 * keep-alive. */
static const char *const template = "load %s/gateway.so\n"
				    "socket_backlog 4096\n"
				    "server portal {\n\tbind %s %s gw_connect\n\ttls no\n}\n"
				    "workers %lld\n"
				    "pidfile %s/kore.pid\n"
				    "worker_max_connections %lu\n"
				    "worker_rlimit_nofiles %lu\n"
				    "worker_accept_threshold 1\n"
				    "worker_set_affinity 0\n"
				    "worker_death_policy terminate\n"
				    "http_hsts_enable 0\n"
				    "http_header_max 8192\n"
				    "http_header_timeout 15\n"
				    "http_keepalive_time 15\n"
				    "http_body_timeout 10\n"
				    "http_body_max 262144\n"
				    "http_request_limit 4000\n"
				    "http_request_ms 1000\n"
				    "http_server_version portal\n"
				    "websocket_timeout 120\n"
				    "websocket_maxframe 4096\n"
				    "domain * {\n\tattach portal\n\troute ^/.*$ gw_entry\n}\n";

/* Kore sets it as soft and hard limit. */
static unsigned long file_limit(void)
{
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };

	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_max < 19900 ? (unsigned long)limit.rlim_max : 19900;
}

/* Fewer than there are descriptors: accept() without one left is tried again without end. */
static unsigned long connection_limit(void)
{
	unsigned long files = file_limit(), most = files > 600 ? files - 300 : files / 2;

	return most < 8192 ? most : 8192;
}

static int write_conf(const char *dir, char path[PATH_MAX])
{
	char lib[PATH_MAX], host[64], port[8];
	FILE *f;
	int r;

	r = own_directory(lib);
	if (!r)
		r = split_listen(host, port);
	if (r)
		return r;
	snprintf(path, PATH_MAX, "%s/kore.conf", dir);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	fprintf(f, template, lib, host, port, (long long)gw_conf.workers, dir, connection_limit(),
	        file_limit());
	return fclose(f) ? -errno : 0;
}

/* SPS_RUNTIME names a directory of ours; else a new one below /tmp, which gateway.so removes when
 * it ends. */
static const char *runtime_directory(void)
{
	static char made[] = "/tmp/sps-gateway-XXXXXX";
	const char *given = getenv("SPS_RUNTIME");

	unsetenv("GW_RUNTIME_OWN");
	if (given)
		return mkdir(given, 0700) && errno != EEXIST ? NULL : given;
	if (!mkdtemp(made))
		return NULL;
	setenv("GW_RUNTIME_OWN", made, 1);
	return made;
}

int main(int argc, char **argv)
{
	char conf[PATH_MAX];
	const char *dir;
	int r;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		conf_help(gw_conf_tables);
		return 0;
	}
	if (conf_load(gw_conf_tables))
		return 78;
	dir = runtime_directory();
	r = dir ? write_conf(dir, conf) : -errno;
	if (r) {
		fprintf(stderr, "sps-gateway: %s\n", strerror(-r));
		return 1;
	}
#ifdef GW_PRELOAD /* the sanitizers' libraries must come before everything else in Kore's process \
                   */
	setenv("LD_PRELOAD", GW_PRELOAD, 1);
#endif
	execl(KORE, "kore", "-fnr", "-c", conf, (char *)NULL);
	fprintf(stderr, "sps-gateway: %s: %s (install the package kore)\n", KORE, strerror(errno));
	return 1;
}
