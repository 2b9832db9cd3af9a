/*
 * sps-run: owns one ansible-playbook (see run.h)
 *
 *     sps-run DIR                        the run that the service prepared in DIR; the key comes on
 * descriptor 3 sps-run --clean UID DIR            ends what is left of it and empties DIR/work
 *     sps-run --scan UID ADDRESS PORT    prints the server's host key
 *
 * Only the service starts it. Nothing here is ever a shell command, and no
 * argument is a secret.
 */
#include "clean.h"
#include "log.h"
#include "supervise.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static uid_t read_uid(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n > UINT32_MAX - 2) {
		fprintf(stderr, "sps-run: \"%s\" is no user id\n", text);
		exit(2);
	}
	return (uid_t)n;
}

int main(int argc, char **argv)
{
	umask(077);
	log_init("run", "info");
	if (sodium_init() < 0)
		return 4;
#if !defined(__SANITIZE_ADDRESS__)
	prctl(PR_SET_DUMPABLE, 0); /* we hold a key */
#endif
	if (argc == 2 && argv[1][0] == '/')
		return run_playbook(argv[1]);
	if (argc == 4 && !strcmp(argv[1], "--clean"))
		return clean_run(read_uid(argv[2]), argv[3]);
	if (argc == 5 && !strcmp(argv[1], "--scan"))
		return scan_host(read_uid(argv[2]), argv[3], argv[4]);
	fprintf(stderr, "sps-run is started by sps-ansible-runner: sps-run DIR\n");
	return 2;
}
