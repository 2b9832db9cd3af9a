#include "openssh_key.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE "ssh-ed25519"
#define LINE 70

struct out {
	uint8_t data[512];
	size_t len;
};

static void put_u32(struct out *o, uint32_t n)
{
	for (int i = 3; i >= 0; i--)
		o->data[o->len++] = (uint8_t)(n >> (8 * i));
}

static void put(struct out *o, const void *data, size_t len)
{
	put_u32(o, (uint32_t)len);
	memcpy(o->data + o->len, data, len);
	o->len += len;
}

static void put_public(struct out *o, const uint8_t pk[32])
{
	put(o, TYPE, strlen(TYPE));
	put(o, pk, 32);
}

/* The part that OpenSSH would encrypt; with cipher "none" it is padded to 8 bytes. */
static void put_private(struct out *o, const uint8_t pk[32], const uint8_t sk[64], const char *comment)
{
	uint32_t check = randombytes_random();
	uint8_t pad = 0;

	put_u32(o, check);
	put_u32(o, check);
	put_public(o, pk);
	put(o, sk, 64);
	put(o, comment, strlen(comment));
	while (o->len % 8)
		o->data[o->len++] = ++pad;
}

static char *armour(const struct out *o, size_t *ret_len)
{
	static const char head[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n", tail[] = "-----END OPENSSH PRIVATE KEY-----\n";
	size_t len = sodium_base64_encoded_len(o->len, sodium_base64_VARIANT_ORIGINAL), n = 0;
	char *text = sodium_malloc(len), *key = sodium_malloc(len + len / LINE + sizeof(head) + sizeof(tail) + 2);

	if (!text || !key)
		abort();
	sodium_bin2base64(text, len, o->data, o->len, sodium_base64_VARIANT_ORIGINAL);
	memcpy(key, head, strlen(head));
	n = strlen(head);
	for (size_t at = 0; at < strlen(text); at += LINE) {
		size_t some = strlen(text + at) < LINE ? strlen(text + at) : LINE;

		memcpy(key + n, text + at, some);
		n += some;
		key[n++] = '\n';
	}
	memcpy(key + n, tail, sizeof(tail));
	*ret_len = n + strlen(tail);
	sodium_free(text);
	return key;
}

void openssh_key_new(const char *comment, char public_key[OPENSSH_PUBLIC_MAX], char **ret_private, size_t *ret_len)
{
	uint8_t pk[32], sk[64];
	struct out public = { 0 }, inner = { 0 }, all = { 0 };
	char base64[96];

	crypto_sign_keypair(pk, sk);
	put_public(&public, pk);
	put_private(&inner, pk, sk, comment);
	memcpy(all.data, "openssh-key-v1", 15);
	all.len = 15;
	put(&all, "none", 4);
	put(&all, "none", 4);
	put(&all, "", 0);
	put_u32(&all, 1);
	put(&all, public.data, public.len);
	put(&all, inner.data, inner.len);
	*ret_private = armour(&all, ret_len);
	sodium_bin2base64(base64, sizeof(base64), public.data, public.len, sodium_base64_VARIANT_ORIGINAL);
	snprintf(public_key, OPENSSH_PUBLIC_MAX, TYPE " %s %.40s", base64, comment);
	sodium_memzero(sk, sizeof(sk));
	sodium_memzero(&inner, sizeof(inner));
	sodium_memzero(&all, sizeof(all));
}
