/* Keys: ours are what OpenSSH reads, and of servers we read nothing but one Ed25519 key. */
#include "../unit.h"
#include "keyscan.h"
#include "openssh_key.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a server that was thrown away: its key and what ssh-keygen -lf says of it. */
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPIyUpG8mubFNcnNzmDns1UoL2zWdhNErKSAq+1oNCOt"
#define FINGERPRINT "SHA256:tiBcUxH1Jc3xpr9sJqCK3uUJ398FX1cqjiNRdJRa2MY"

static void private_keys_are_those_of_openssh(void **state)
{
	char public[SSH_PUBLIC_MAX], private[SSH_PRIVATE_MAX], path[] = "/tmp/sps-key-XXXXXX",
							       said[SSH_PUBLIC_MAX] = "";
	int fd = mkstemp(path), out[2];
	pid_t pid;
	(void)state;

	openssh_keypair("portal-project-7", public, private);
	assert_int_equal(write(fd, private, strlen(private)), strlen(private));
	close(fd);
	chmod(path, 0600);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		execlp("ssh-keygen", "ssh-keygen", "-y", "-f", path, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	assert_true(read(out[0], said, sizeof(said) - 1) > 0);
	close(out[0]);
	waitpid(pid, NULL, 0);
	unlink(path);
	said[strcspn(said, "\n")] = '\0';
	assert_string_equal(said, public);
}

static void each_pair_is_new(void **state)
{
	char a[SSH_PUBLIC_MAX], b[SSH_PUBLIC_MAX], private[SSH_PRIVATE_MAX];
	(void)state;

	openssh_keypair("x", a, private);
	openssh_keypair("x", b, private);
	assert_string_not_equal(a, b);
}

static void only_ed25519_keys_are_read(void **state)
{
	static const char
		*const
			bad[] = {
				"",
				"ssh-ed25519",
				"ssh-ed25519 ",
				"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
				"ssh-ed25519 "
		                "AAAAC3NzaC1lZDI1NTE5AAAAIPIyUpG8mubFNcnNzmDns1UoL2zWdhNErKSAq+"
		                "1oNCO", /* short */
				KEY "t",
				KEY "\tcomment",
				"ssh-ed25519  "
		                "AAAAC3NzaC1lZDI1NTE5AAAAIPIyUpG8mubFNcnNzmDns1UoL2zWdhNErKSAq+"
		                "1oNCOt",
				"ssh-ed25519 "
		                "BAAAC3NzaC1lZDI1NTE5AAAAIPIyUpG8mubFNcnNzmDns1UoL2zWdhNErKSAq+"
		                "1oNCOt", /* length inside */
				"ssh-ed25519 "
		                "AAAAC3NzaC1lZDI1NTE4AAAAIPIyUpG8mubFNcnNzmDns1UoL2zWdhNErKSAq+"
		                "1oNCOt", /* type inside */
				"ssh-ed25519 "
		                "AAAAC3NzaC1lZDI1NTE5AAAAIPIyUpG8mubFNcnNzmDns1UoL2zWdhNErKSAq-"
		                "1oNCOt", /* alphabet */
				"command=\"x\" " KEY,
				" " KEY,
				"-oProxyCommand=x",
			};
	char out[SSH_HOST_KEY];
	(void)state;

	assert_true(openssh_public_read(KEY, strlen(KEY), out));
	assert_string_equal(out, KEY);
	assert_true(openssh_public_read(KEY " root@web-1", strlen(KEY " root@web-1"), out));
	assert_string_equal(out, KEY);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(openssh_public_read(bad[i], strlen(bad[i]), out));
}

static void fingerprints_are_those_of_ssh(void **state)
{
	char out[SSH_FINGERPRINT];
	(void)state;

	openssh_fingerprint(KEY, out);
	assert_string_equal(out, FINGERPRINT);
}

static void scanned(const char *text, const char *host, const char *want)
{
	char key[SSH_HOST_KEY];

	assert_int_equal(keyscan_read(text, strlen(text), host, key), want != NULL);
	if (want)
		assert_string_equal(key, want);
}

static void one_key_of_the_right_host_is_taken_from_a_scan(void **state)
{
	(void)state;

	scanned("198.18.0.5 " KEY "\n", "198.18.0.5", KEY);
	scanned("# 198.18.0.5:22 SSH-2.0-OpenSSH_9.2p1\n198.18.0.5 " KEY "\n", "198.18.0.5", KEY);
	scanned("[127.0.0.1]:2222 " KEY, "[127.0.0.1]:2222", KEY);
	scanned("", "198.18.0.5", NULL);
	scanned("# nothing\n", "198.18.0.5", NULL);
	scanned("198.18.0.55 " KEY "\n", "198.18.0.5", NULL);
	scanned("198.18.0.5 ssh-rsa AAAAB3NzaC1yc2E\n", "198.18.0.5", NULL);
	scanned("198.18.0.5 " KEY "\n198.18.0.5 " KEY "\n", "198.18.0.5", NULL);
	scanned("198.18.0.5 " KEY "\ngetaddrinfo: nonsense\n", "198.18.0.5", NULL);
	scanned("198.18.0.5," KEY "\n", "198.18.0.5", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_keys_are_those_of_openssh),
		cmocka_unit_test(each_pair_is_new),
		cmocka_unit_test(only_ed25519_keys_are_read),
		cmocka_unit_test(fingerprints_are_those_of_ssh),
		cmocka_unit_test(one_key_of_the_right_host_is_taken_from_a_scan),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
