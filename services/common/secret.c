#include "secret.h"
#include "err.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION 1
#define FILE_MAX 512
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES

int secret_seal(const uint8_t public_key[32], const char *context, const void *value, size_t len,
                uint8_t **ret, size_t *ret_len)
{
	size_t context_len = strlen(context), plain_len = 2 + context_len + len;
	uint8_t *plain, *blob;

	if (context_len > 512 || len > SECRET_SEAL_MAX)
		return -EINVAL;
	plain = sodium_malloc(plain_len);
	blob = malloc(1 + plain_len + crypto_box_SEALBYTES);
	if (!plain || !blob)
		abort();
	plain[0] = (uint8_t)(context_len >> 8);
	plain[1] = (uint8_t)context_len;
	memcpy(plain + 2, context, context_len);
	memcpy(plain + 2 + context_len, value, len);
	blob[0] = VERSION;
	if (crypto_box_seal(blob + 1, plain, plain_len, public_key))
		abort();
	sodium_free(plain);
	*ret = blob;
	*ret_len = 1 + plain_len + crypto_box_SEALBYTES;
	return 0;
}

static char *guarded(const uint8_t *value, size_t len)
{
	char *p = sodium_malloc(len + 1);

	if (!p)
		abort();
	memcpy(p, value, len);
	p[len] = '\0';
	return p;
}

int secret_open(const struct keys *k, const char *context, const uint8_t *blob, size_t len,
                char **ret_value, size_t *ret_len)
{
	size_t context_len = strlen(context), plain_len;
	uint8_t *plain;
	bool good;

	if (!k->own || len < 1 + crypto_box_SEALBYTES + 2 || len > SECRET_SEAL_MAX + 1024 || blob[0] != VERSION)
		return SECRET_E_BAD;
	plain_len = len - 1 - crypto_box_SEALBYTES;
	plain = sodium_malloc(plain_len);
	if (!plain)
		abort();
	good = !crypto_box_seal_open(plain, blob + 1, len - 1, k->seal_public, k->own) &&
	       ((size_t)plain[0] << 8 | plain[1]) == context_len && plain_len >= 2 + context_len &&
	       !sodium_memcmp(plain + 2, context, context_len);
	if (good) {
		*ret_len = plain_len - 2 - context_len;
		*ret_value = guarded(plain + 2 + context_len, *ret_len);
	}
	sodium_free(plain);
	return good ? 0 : SECRET_E_BAD;
}

int secret_store(const struct keys *k, const char *row, const void *value, size_t len,
                 uint8_t **ret, size_t *ret_len)
{
	uint8_t *blob;

	if (!k->own || len > SECRET_SEAL_MAX)
		return -EINVAL;
	blob = malloc(1 + NONCE + len + TAG);
	if (!blob)
		abort();
	blob[0] = VERSION;
	randombytes_buf(blob + 1, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(blob + 1 + NONCE, NULL, value, len, (const uint8_t *)row,
	                                           strlen(row), NULL, blob + 1, k->own + 32);
	*ret = blob;
	*ret_len = 1 + NONCE + len + TAG;
	return 0;
}

int secret_load(const struct keys *k, const char *row, const uint8_t *blob, size_t len,
                char **ret_value, size_t *ret_len)
{
	size_t value_len;
	char *value;

	if (!k->own || len < 1 + NONCE + TAG || blob[0] != VERSION)
		return SECRET_E_BAD;
	value_len = len - 1 - NONCE - TAG;
	value = sodium_malloc(value_len + 1);
	if (!value)
		abort();
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)value, NULL, NULL, blob + 1 + NONCE,
	                                               len - 1 - NONCE, (const uint8_t *)row, strlen(row),
	                                               blob + 1, k->own + 32)) {
		sodium_free(value);
		return SECRET_E_BAD;
	}
	value[value_len] = '\0';
	*ret_value = value;
	*ret_len = value_len;
	return 0;
}

char *secret_from_file(const char *path)
{
	char *value = sodium_malloc(FILE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (!value)
		abort();
	n = fd < 0 ? -1 : read(fd, value, FILE_MAX - 1);
	value[n > 0 ? n : 0] = '\0';
	value[strcspn(value, "\r\n")] = '\0';
	if (!*value) {
		log_error("secret.unreadable", LOG_STR("file", path),
		          LOG_STR("why", n < 0 ? strerror(errno) : "there is nothing in it"));
		sodium_free(value);
		value = NULL;
	}
	if (fd >= 0)
		close(fd);
	return value;
}

void secret_free(char *value)
{
	if (value)
		sodium_free(value); /* zeroes first */
}

void secret_cleanup(char **value)
{
	secret_free(*value);
}

void secret_hash_hex(const char *text, char out[65])
{
	uint8_t hash[32];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, strlen(text), NULL, 0);
	sodium_bin2hex(out, 65, hash, sizeof(hash));
}
