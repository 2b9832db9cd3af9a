#include "openssh_key.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "ssh-ed25519"
#define PUBLIC_BLOB 51 /* two lengths, the type, 32 bytes */
#define PUBLIC_BASE64 68
#define WIRE_MAX 512
#define LINE 70
#define VARIANT sodium_base64_VARIANT_ORIGINAL

struct wire {
	uint8_t data[WIRE_MAX];
	size_t n;
};

static void put(struct wire *w, const void *data, size_t len)
{
	if (len > WIRE_MAX - w->n)
		abort(); /* all that is put has a fixed size, the comment is cut */
	memcpy(w->data + w->n, data, len);
	w->n += len;
}

static void put_u32(struct wire *w, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		               (uint8_t)v };

	put(w, b, 4);
}

static void put_string(struct wire *w, const void *data, size_t len)
{
	put_u32(w, (uint32_t)len);
	put(w, data, len);
}

static void put_text(struct wire *w, const char *text)
{
	put_string(w, text, strlen(text));
}

static void put_public(struct wire *w, const uint8_t public[32])
{
	put_text(w, TYPE);
	put_string(w, public, 32);
}

/* The private section, padded to 8 bytes as for the cipher "none". */
static void put_secrets(struct wire *w, const uint8_t public[32], const uint8_t secret[64],
                        const char *comment)
{
	uint32_t check = randombytes_random();

	put_u32(w, check);
	put_u32(w, check);
	put_public(w, public);
	put_string(w, secret, 64);
	put_text(w, comment);
	for (uint8_t pad = 1; w->n % 8; pad++)
		put(w, &pad, 1);
}

static void write_pem(const struct wire *w, char out[SSH_PRIVATE_MAX])
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n",
			  end[] = "-----END OPENSSH PRIVATE KEY-----\n";
	char text[sodium_base64_ENCODED_LEN(WIRE_MAX, VARIANT)];
	size_t n = 0, len;

	sodium_bin2base64(text, sizeof(text), w->data, w->n, VARIANT);
	len = strlen(text);
	n += (size_t)snprintf(out, SSH_PRIVATE_MAX, "%s", begin);
	for (size_t i = 0; i < len; i += LINE)
		n += (size_t)snprintf(out + n, SSH_PRIVATE_MAX - n, "%.*s\n", LINE, text + i);
	snprintf(out + n, SSH_PRIVATE_MAX - n, "%s", end);
	sodium_memzero(text, sizeof(text));
}

void openssh_keypair(const char *comment, char public[SSH_PUBLIC_MAX],
                     char private[SSH_PRIVATE_MAX])
{
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
	struct wire blob = { .n = 0 }, secrets = { .n = 0 }, all = { .n = 0 };
	char name[64], base64[PUBLIC_BASE64 + 1];

	snprintf(name, sizeof(name), "%s", comment);
	crypto_sign_keypair(pk, sk);
	put_public(&blob, pk);
	put_secrets(&secrets, pk, sk, name);
	put(&all, "openssh-key-v1", sizeof("openssh-key-v1")); /* with its NUL */
	put_text(&all, "none");
	put_text(&all, "none");
	put_text(&all, "");
	put_u32(&all, 1);
	put_string(&all, blob.data, blob.n);
	put_string(&all, secrets.data, secrets.n);
	write_pem(&all, private);
	sodium_bin2base64(base64, sizeof(base64), blob.data, blob.n, VARIANT);
	snprintf(public, SSH_PUBLIC_MAX, TYPE " %s %s", base64, name);
	sodium_memzero(sk, sizeof(sk));
	sodium_memzero(&secrets, sizeof(secrets));
	sodium_memzero(&all, sizeof(all));
}

/* @base64 are PUBLIC_BASE64 characters. */
static bool blob_of(const char *base64, uint8_t blob[PUBLIC_BLOB])
{
	static const uint8_t head[] = "\0\0\0\x0b" TYPE "\0\0\0\x20";
	size_t n;

	return !sodium_base642bin(blob, PUBLIC_BLOB, base64, PUBLIC_BASE64, NULL, &n, NULL,
	                          VARIANT) &&
	       n == PUBLIC_BLOB && !memcmp(blob, head, sizeof(head) - 1);
}

bool openssh_public_read(const char *text, size_t len, char out[SSH_HOST_KEY])
{
	const size_t type = strlen(TYPE " "), whole = type + PUBLIC_BASE64;
	uint8_t blob[PUBLIC_BLOB];

	if (len < whole || strncmp(text, TYPE " ", type) || (len > whole && text[whole] != ' ') ||
	    !blob_of(text + type, blob))
		return false;
	snprintf(out, SSH_HOST_KEY, "%.*s", (int)whole, text);
	return true;
}

void openssh_fingerprint(const char *key, char out[SSH_FINGERPRINT])
{
	uint8_t blob[PUBLIC_BLOB] = { 0 }, hash[crypto_hash_sha256_BYTES];
	char text[SSH_FINGERPRINT];

	blob_of(key + strlen(TYPE " "), blob);
	crypto_hash_sha256(hash, blob, sizeof(blob));
	sodium_bin2base64(text, sizeof(text), hash, sizeof(hash),
	                  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	snprintf(out, SSH_FINGERPRINT, "SHA256:%.43s", text);
}
