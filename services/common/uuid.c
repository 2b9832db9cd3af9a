#include "uuid.h"
#include "hex.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void uuid_format(const uint8_t in[16], char out[UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[in[i] >> 4];
		*p++ = hex[in[i] & 15];
	}
	*p = '\0';
}

#define RANDOM 10 /* bytes of an id that are not time */

/* Asking the kernel for every id costs more than making it: 64 at once. */
static _Thread_local uint8_t pool[64 * RANDOM];
static _Thread_local size_t left;

/* A child must not go on with its parent's bytes. */
static void on_fork(void)
{
	left = 0;
}

static void __attribute__((constructor)) watch_forks(void)
{
	pthread_atfork(NULL, NULL, on_fork);
}

static void random_part(uint8_t out[RANDOM])
{
	if (!left) {
		randombytes_buf(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= RANDOM;
	memcpy(out, pool + left, RANDOM);
}

void uuid7(char out[UUID_TEXT])
{
	struct timespec ts;
	uint8_t id[16];
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &ts);
	ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	random_part(id + 6);
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	id[6] = 0x70 | (id[6] & 0x0f);
	id[8] = 0x80 | (id[8] & 0x3f);
	uuid_format(id, out);
}

bool uuid_parse(const char *text, uint8_t out[16])
{
	uint8_t id[16];
	int n = 0;

	if (strnlen(text, UUID_TEXT) != UUID_TEXT - 1)
		return false;
	for (int i = 0; i < UUID_TEXT - 1;) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i++] != '-')
				return false;
			continue;
		}
		if (hex_digit(text[i]) < 0 || hex_digit(text[i + 1]) < 0)
			return false;
		id[n++] = (uint8_t)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
		i += 2;
	}
	memcpy(out, id, sizeof(id));
	return true;
}
