/* The key directory: what keygen makes, what it mends, and what nobody may take for a key. */
#include "../unit.h"
#include "keys.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], why[KEYS_WHY];

/* Each test has a directory of its own, with the keys of all services. */
static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sps-keys-XXXXXX");
	return !mkdtemp(dir) || keys_generate(dir, why);
}

static int tear_down(void **state)
{
	char command[sizeof(dir) + 64];
	const char *const subs[] = { "public", "private" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		DIR *d;

		snprintf(command, sizeof(command), "%s/%s", dir, subs[i]);
		d = opendir(command);
		for (struct dirent *e; d && (e = readdir(d));)
			unlinkat(dirfd(d), e->d_name, 0);
		if (d)
			closedir(d);
		rmdir(command);
	}
	return rmdir(dir);
}

static const char *file(const char *name)
{
	static char path[2][160];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void read_file(const char *name, char out[512])
{
	FILE *f = fopen(file(name), "r");

	assert_non_null(f);
	out[fread(out, 1, 511, f)] = '\0';
	fclose(f);
}

static void write_some(const char *name, const char *text, size_t len)
{
	FILE *f = fopen(file(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static int load(const char *service)
{
	struct keys k;
	int r = keys_load(&k, dir, service);

	if (!r)
		keys_release(&k);
	return r;
}

static void private_keys_are_not_for_others_to_read(void **state)
{
	struct stat st;
	char name[80];
	(void)state;

	for (const struct svc_info *s = svc_infos; s->name; s++) {
		snprintf(name, sizeof(name), "private/%s.key", s->name);
		assert_int_equal(stat(file(name), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(load(s->name), 0);
	}
}

static void a_key_that_others_can_read_is_refused(void **state)
{
	static const mode_t bad[] = { 0640, 0604 };
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(chmod(file("private/hetzner.key"), bad[i]), 0);
		assert_int_equal(load("hetzner"), -EPERM);
		assert_int_equal(load("gateway"), 0); /* it is its owner's business only */
	}
	assert_int_equal(chmod(file("private/hetzner.key"), 0400), 0);
	assert_int_equal(load("hetzner"), 0);
}

static void keygen_again_replaces_nothing(void **state)
{
	char before[512], after[512];
	(void)state;

	read_file("private/hetzner.key", before);
	assert_int_equal(keys_generate(dir, why), 0);
	read_file("private/hetzner.key", after);
	assert_string_equal(before, after);
}

static void a_lost_public_file_is_made_again_from_the_private_one(void **state)
{
	char before[512], after[512];
	(void)state;

	read_file("public/hetzner.pub", before);
	assert_int_equal(unlink(file("public/hetzner.pub")), 0);
	assert_int_equal(load("gateway"), -ENOENT);
	assert_int_equal(keys_generate(dir, why), 0);
	read_file("public/hetzner.pub", after);
	assert_string_equal(before, after);
	assert_int_equal(load("hetzner"), 0);
}

/* Whatever is left of it may still open what was stored with it: it is kept, and said. */
static void a_private_file_that_was_cut_short_is_no_success(void **state)
{
	char whole[512], after[512];
	size_t len;
	(void)state;

	read_file("private/hetzner.key", whole);
	len = strlen(whole);
	for (size_t n = 0; n < len; n++) {
		write_some("private/hetzner.key", whole, n);
		assert_int_equal(keys_generate(dir, why), -EBADMSG);
		assert_non_null(strstr(why, "hetzner: its private file is damaged"));
		read_file("private/hetzner.key", after);
		assert_int_equal(strlen(after), n);
	}
	assert_int_equal(load("hetzner"), -EBADMSG);
	write_some("private/hetzner.key", whole, len);
	assert_int_equal(keys_generate(dir, why), 0);
}

static void a_public_key_alone_does_not_get_another_private_one(void **state)
{
	(void)state;
	assert_int_equal(unlink(file("private/hetzner.key")), 0);
	assert_int_equal(keys_generate(dir, why), -EEXIST);
	assert_int_equal(access(file("private/hetzner.key"), F_OK), -1);
}

static void a_public_file_of_another_key_is_no_success(void **state)
{
	char other[512];
	(void)state;

	read_file("public/gateway.pub", other);
	write_some("public/hetzner.pub", other, strlen(other));
	assert_int_equal(keys_generate(dir, why), -EBADMSG);
	assert_non_null(strstr(why, "hetzner: its public file"));
}

/* RLIMIT_FSIZE ends a write in the middle as a full disk does. */
static void a_full_disk_leaves_nothing_that_looks_like_a_key(void **state)
{
	struct rlimit before, tight;
	int r;
	(void)state;

	unlink(file("private/hetzner.key"));
	unlink(file("public/hetzner.pub"));
	write_some("private/hetzner.key.new", "of a try that broke off", 23);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	tight = (struct rlimit){ .rlim_cur = 50, .rlim_max = before.rlim_max };
	setrlimit(RLIMIT_FSIZE, &tight);
	r = keys_generate(dir, why);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(access(file("private/hetzner.key"), F_OK), -1);
	assert_int_equal(access(file("private/hetzner.key.new"), F_OK), -1);
	assert_int_equal(keys_generate(dir, why), 0);
	assert_int_equal(load("hetzner"), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(private_keys_are_not_for_others_to_read),
		EACH(a_key_that_others_can_read_is_refused),
		EACH(keygen_again_replaces_nothing),
		EACH(a_lost_public_file_is_made_again_from_the_private_one),
		EACH(a_private_file_that_was_cut_short_is_no_success),
		EACH(a_public_key_alone_does_not_get_another_private_one),
		EACH(a_public_file_of_another_key_is_no_success),
		EACH(a_full_disk_leaves_nothing_that_looks_like_a_key),
	};

	log_init("test", "error");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
