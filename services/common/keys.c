#include "keys.h"
#include "err.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define OWN_SIZE 64
#define FILE_MAX 512

/* Reads a small text file into @out (NUL-terminated). */
static int slurp(const char *dir, const char *sub, const char *name, const char *suffix, char out[FILE_MAX])
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s%s", dir, sub, name, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = read(fd, out, FILE_MAX - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	out[n] = '\0';
	return 0;
}

static bool unhex(const char *hex, uint8_t *out, size_t len)
{
	size_t n;

	return !sodium_hex2bin(out, len, hex, len * 2, NULL, &n, NULL) && n == len;
}

static int load_public(struct keys *k, const char *dir, const struct svc_info *svc)
{
	char text[FILE_MAX];
	int r;

	r = slurp(dir, "public", svc->name, ".pub", text);
	if (r)
		return r;
	if (strlen(text) < 40 + 1 + 64 || text[40] != '\n' || !unhex(text + 41, k->peer[k->n_peers].seal, 32))
		return -EBADMSG;
	memcpy(k->peer[k->n_peers].curve, text, 40);
	k->peer[k->n_peers].curve[40] = '\0';
	k->peer[k->n_peers++].svc = svc;
	return 0;
}

static int load_private(struct keys *k, const char *dir, const char *service)
{
	char text[FILE_MAX];
	bool good;
	int r;

	r = slurp(dir, "private", service, ".key", text);
	if (r)
		return r;
	k->own = sodium_malloc(OWN_SIZE);
	if (!k->own)
		abort();
	good = strlen(text) >= 40 + 1 + 64 + 1 + 64 && unhex(text + 41, k->own, 32) &&
	       unhex(text + 41 + 65, k->own + 32, 32);
	memcpy(k->curve_secret, text, 40);
	k->curve_secret[40] = '\0';
	sodium_memzero(text, sizeof(text));
	if (!good || zmq_curve_public(k->curve_public, k->curve_secret))
		return -EBADMSG;
	crypto_scalarmult_base(k->seal_public, k->own);
	return 0;
}

int keys_load(struct keys *k, const char *dir, const char *service)
{
	int r = 0;

	*k = (struct keys){ 0 };
	if (sodium_init() < 0)
		return err_origin(-EIO);
	for (const struct svc_info *s = svc_infos; s->name && !r; s++)
		r = load_public(k, dir, s);
	if (!r && service)
		r = load_private(k, dir, service);
	if (r) {
		log_error("keys.unreadable", LOG_STR("dir", dir), LOG_STR("why", strerror(-r)),
		          LOG_STR("do", "make them with: spsctl keygen DIR, and check the owner of the private file"));
		keys_release(k);
	}
	return r;
}

void keys_release(struct keys *k)
{
	if (k->own)
		sodium_free(k->own);
	sodium_memzero(k, sizeof(*k));
}

const struct svc_info *keys_who(const struct keys *k, const char *curve_z85)
{
	for (size_t i = 0; i < k->n_peers; i++)
		if (!strcmp(k->peer[i].curve, curve_z85))
			return k->peer[i].svc;
	return NULL;
}

const char *keys_curve(const struct keys *k, const char *service)
{
	for (size_t i = 0; i < k->n_peers; i++)
		if (!strcmp(k->peer[i].svc->name, service))
			return k->peer[i].curve;
	return NULL;
}

const uint8_t *keys_seal(const struct keys *k, const char *service)
{
	for (size_t i = 0; i < k->n_peers; i++)
		if (!strcmp(k->peer[i].svc->name, service))
			return k->peer[i].seal;
	return NULL;
}

static int write_file(const char *dir, const char *sub, const char *name, const char *suffix,
                      mode_t mode, const char *text)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s%s", dir, sub, name, suffix);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n != (ssize_t)strlen(text) || fsync(fd)) {
		close(fd);
		return -EIO;
	}
	close(fd);
	return 0;
}

static int make_dir(const char *dir, const char *sub, mode_t mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s%s", dir, *sub ? "/" : "", sub);
	return mkdir(path, mode) && errno != EEXIST ? -errno : 0;
}

static int generate_one(const char *dir, const char *name)
{
	char curve_public[CURVE_Z85], curve_secret[CURVE_Z85], text[FILE_MAX], old[FILE_MAX];
	char seal_public_hex[65], own_hex[129];
	uint8_t seal_public[32], own[OWN_SIZE];
	int r;

	r = slurp(dir, "private", name, ".key", old);
	sodium_memzero(old, sizeof(old));
	if (r != -ENOENT)
		return r;
	if (zmq_curve_keypair(curve_public, curve_secret))
		return -EIO;
	crypto_box_keypair(seal_public, own);
	randombytes_buf(own + 32, 32);
	sodium_bin2hex(seal_public_hex, sizeof(seal_public_hex), seal_public, 32);
	sodium_bin2hex(own_hex, sizeof(own_hex), own, OWN_SIZE);
	snprintf(text, sizeof(text), "%s\n%.64s\n%.64s\n", curve_secret, own_hex, own_hex + 64);
	r = write_file(dir, "private", name, ".key", 0600, text);
	snprintf(text, sizeof(text), "%s\n%s\n", curve_public, seal_public_hex);
	if (!r)
		r = write_file(dir, "public", name, ".pub", 0644, text);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(own, sizeof(own));
	sodium_memzero(own_hex, sizeof(own_hex));
	sodium_memzero(curve_secret, sizeof(curve_secret));
	return r;
}

int keys_generate(const char *dir)
{
	int r;

	if (sodium_init() < 0)
		return -EIO;
	r = make_dir(dir, "", 0755);
	r = r ? r : make_dir(dir, "public", 0755);
	r = r ? r : make_dir(dir, "private", 0755);
	for (const struct svc_info *s = svc_infos; s->name && !r; s++)
		r = generate_one(dir, s->name);
	return r;
}
