#pragma once
/*
 * A bounded reader of msgpack (https://github.com/msgpack/msgpack/blob/master/spec.md)
 *
 * It never allocates, never looks past the bytes it was given and never trusts
 * a declared size: a count larger than the bytes that are left makes the cursor
 * bad. Once bad, every further read returns MP_NIL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mp_type { MP_NIL, MP_BOOL, MP_INT, MP_STR, MP_BIN, MP_ARRAY, MP_MAP, MP_OTHER };

#define MP_MAX_DEPTH 8

struct mp_cursor {
	const uint8_t *p, *end;
	bool bad;
};

struct mp_item {
	enum mp_type type;
	int64_t i;         /* BOOL, INT */
	uint64_t n;        /* STR, BIN: bytes; ARRAY: elements; MAP: pairs */
	const uint8_t *at; /* STR, BIN: the bytes, inside the input */
};

/* The next item; of a container only its head. */
struct mp_item mp_next(struct mp_cursor *c);
/* Skips what is inside @it; containers nested deeper than MP_MAX_DEPTH make the cursor bad. */
void mp_skip_inside(struct mp_cursor *c, struct mp_item it);
/* Is this item the string @s? */
bool mp_is(struct mp_item it, const char *s);
