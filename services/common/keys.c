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

static void path_of(char out[512], const char *dir, const char *sub, const char *name, const char *suffix)
{
	snprintf(out, 512, "%s/%s/%s%s", dir, sub, name, suffix);
}

/* Reads a small text file into @out (NUL-terminated). */
static int slurp(const char *dir, const char *sub, const char *name, const char *suffix, char out[FILE_MAX],
                 struct stat *ret_st)
{
	char path[512];
	ssize_t n = -1;
	int fd;

	path_of(path, dir, sub, name, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, ret_st))
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
	struct stat st;
	int r;

	r = slurp(dir, "public", svc->name, ".pub", text, &st);
	if (r)
		return r;
	if (strlen(text) < 40 + 1 + 64 || text[40] != '\n' || !unhex(text + 41, k->peer[k->n_peers].seal, 32))
		return -EBADMSG;
	memcpy(k->peer[k->n_peers].curve, text, 40);
	k->peer[k->n_peers].curve[40] = '\0';
	k->peer[k->n_peers++].svc = svc;
	return 0;
}

/* The text of a private file: three lines, each with its end, so that one that was cut short is noticed. */
static bool parse_private(const char *text, char curve_secret[CURVE_Z85], uint8_t own[OWN_SIZE])
{
	if (strlen(text) != 40 + 1 + 64 + 1 + 64 + 1 || text[40] != '\n' || text[105] != '\n' || text[170] != '\n' ||
	    !unhex(text + 41, own, 32) || !unhex(text + 106, own + 32, 32))
		return false;
	memcpy(curve_secret, text, 40);
	curve_secret[40] = '\0';
	return true;
}

static int load_private(struct keys *k, const char *dir, const char *service)
{
	char text[FILE_MAX];
	struct stat st;
	bool good;
	int r;

	r = slurp(dir, "private", service, ".key", text, &st);
	if (r)
		return r;
	k->own = sodium_malloc(OWN_SIZE);
	if (!k->own)
		abort();
	good = parse_private(text, k->curve_secret, k->own);
	sodium_memzero(text, sizeof(text));
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return -EPERM;
	if (!good || zmq_curve_public(k->curve_public, k->curve_secret))
		return -EBADMSG;
	crypto_scalarmult_base(k->seal_public, k->own);
	return 0;
}

static const char *load_advice(int r)
{
	return r == -EPERM ? "others than its owner can read the private file: chmod 0600, and think of whether "
	                     "somebody has read it"
	                   : "make them with: spsctl keygen DIR, and check the owner of the private file";
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
		log_error("keys.unreadable", LOG_STR("dir", dir), LOG_STR("service", service),
		          LOG_STR("why", strerror(-r)), LOG_STR("do", load_advice(r)));
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

/* ---- making them --------------------------------------------------------------------------- */

static int write_new(const char *path, mode_t mode, const char *text)
{
	size_t len = strlen(text);
	int fd, r = 0;

	unlink(path); /* of a try that broke off */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	for (ssize_t n; len && !r; text += n, len -= (size_t)n) {
		n = write(fd, text, len);
		if (n < 0)
			n = 0, r = -errno;
	}
	if (!r && fsync(fd))
		r = -errno;
	if (close(fd) && !r)
		r = -errno;
	return r;
}

static int sync_dir(const char *dir, const char *sub)
{
	char path[512];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%s", dir, sub);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) ? -errno : 0;
	close(fd);
	return r;
}

/* Whole or not at all: a full disk leaves nothing behind that looks like a key. */
static int write_file(const char *dir, const char *sub, const char *name, const char *suffix,
                      mode_t mode, const char *text)
{
	char path[512], new[512 + 8];
	int r;

	path_of(path, dir, sub, name, suffix);
	snprintf(new, sizeof(new), "%s.new", path);
	r = write_new(new, mode, text);
	if (!r && rename(new, path))
		r = -errno;
	if (r) {
		unlink(new);
		return r;
	}
	return sync_dir(dir, sub);
}

static int make_dir(const char *dir, const char *sub, mode_t mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s%s", dir, *sub ? "/" : "", sub);
	return mkdir(path, mode) && errno != EEXIST ? -errno : 0;
}

static int new_private(char text[FILE_MAX])
{
	char curve_public[CURVE_Z85], curve_secret[CURVE_Z85], hex[2 * OWN_SIZE + 1];
	uint8_t own[OWN_SIZE];

	if (zmq_curve_keypair(curve_public, curve_secret))
		return -EIO;
	randombytes_buf(own, sizeof(own));
	sodium_bin2hex(hex, sizeof(hex), own, sizeof(own));
	snprintf(text, FILE_MAX, "%s\n%.64s\n%.64s\n", curve_secret, hex, hex + 64);
	sodium_memzero(own, sizeof(own));
	sodium_memzero(hex, sizeof(hex));
	sodium_memzero(curve_secret, sizeof(curve_secret));
	return 0;
}

/* The public file that belongs to the text of a private one. */
static int public_of(const char *private, char text[FILE_MAX])
{
	char curve_public[CURVE_Z85], curve_secret[CURVE_Z85], hex[65];
	uint8_t own[OWN_SIZE], seal_public[32];
	int r = 0;

	if (!parse_private(private, curve_secret, own) || zmq_curve_public(curve_public, curve_secret))
		r = -EBADMSG;
	if (!r) {
		crypto_scalarmult_base(seal_public, own);
		sodium_bin2hex(hex, sizeof(hex), seal_public, 32);
		snprintf(text, FILE_MAX, "%s\n%s\n", curve_public, hex);
	}
	sodium_memzero(own, sizeof(own));
	sodium_memzero(curve_secret, sizeof(curve_secret));
	return r;
}

static int fail(char why[KEYS_WHY], int r, const char *name, const char *what)
{
	snprintf(why, KEYS_WHY, "%s: %s", name, what);
	return r;
}

/* What is there is kept, but only what fits together counts as being there. */
static int generate_one(const char *dir, const char *name, char why[KEYS_WHY])
{
	char private[FILE_MAX] = "", public[FILE_MAX], there[FILE_MAX];
	int r, no_public, no_match = 0;
	struct stat st;

	no_public = slurp(dir, "public", name, ".pub", there, &st);
	if (no_public && no_public != -ENOENT)
		return fail(why, no_public, name, strerror(-no_public));
	r = slurp(dir, "private", name, ".key", private, &st);
	if (r == -ENOENT && !no_public)
		return fail(why, -EEXIST, name, "its public key is here without the private one; put that back, or remove both");
	if (r == -ENOENT) {
		r = new_private(private);
		if (!r)
			r = write_file(dir, "private", name, ".key", 0600, private);
	}
	if (!r)
		no_match = public_of(private, public);
	sodium_memzero(private, sizeof(private));
	if (r)
		return fail(why, r, name, strerror(-r));
	if (no_match)
		return fail(why, no_match, name, "its private file is damaged; put back the one from your backup");
	if (!no_public && strcmp(there, public))
		return fail(why, -EBADMSG, name, "its public file does not belong to its private one; remove the public one to have it made again");
	if (no_public)
		r = write_file(dir, "public", name, ".pub", 0644, public);
	return r ? fail(why, r, name, strerror(-r)) : 0;
}

int keys_generate(const char *dir, char ret_why[KEYS_WHY])
{
	int r;

	if (sodium_init() < 0)
		return fail(ret_why, -EIO, dir, "libsodium cannot be used");
	r = make_dir(dir, "", 0755);
	r = r ? r : make_dir(dir, "public", 0755);
	r = r ? r : make_dir(dir, "private", 0755);
	if (r)
		return fail(ret_why, r, dir, strerror(-r));
	for (const struct svc_info *s = svc_infos; s->name && !r; s++)
		r = generate_one(dir, s->name, ret_why);
	return r;
}
