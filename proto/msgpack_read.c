#include "msgpack_read.h"

#include <string.h>

static uint64_t take(struct mp_cursor *c, size_t n)
{
	uint64_t v = 0;

	if ((size_t)(c->end - c->p) < n) {
		c->bad = true;
		return 0;
	}
	while (n--)
		v = v << 8 | *c->p++;
	return v;
}

static struct mp_item payload(struct mp_cursor *c, enum mp_type type, uint64_t n)
{
	struct mp_item it = { .type = type, .n = n, .at = c->p };

	if (c->bad || (uint64_t)(c->end - c->p) < n) {
		c->bad = true;
		return (struct mp_item){ .type = MP_NIL };
	}
	c->p += n;
	return it;
}

/* Every element takes at least one byte, so a larger count is a lie. */
static struct mp_item container(struct mp_cursor *c, enum mp_type type, uint64_t n)
{
	uint64_t elements = type == MP_MAP ? 2 * n : n;

	if (c->bad || elements > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return (struct mp_item){ .type = MP_NIL };
	}
	return (struct mp_item){ .type = type, .n = n };
}

static struct mp_item integer(struct mp_cursor *c, uint8_t b)
{
	static const unsigned size[] = { 1, 2, 4, 8 };
	uint64_t u = take(c, size[(b - 0xcc) & 3]);

	switch (b) {
	case 0xd0:
		return (struct mp_item){ .type = MP_INT, .i = (int8_t)u };
	case 0xd1:
		return (struct mp_item){ .type = MP_INT, .i = (int16_t)u };
	case 0xd2:
		return (struct mp_item){ .type = MP_INT, .i = (int32_t)u };
	case 0xd3:
		return (struct mp_item){ .type = MP_INT, .i = (int64_t)u };
	default: /* unsigned; what does not fit an int64_t is nothing we use */
		return (struct mp_item){ .type = u > INT64_MAX ? MP_OTHER : MP_INT, .i = (int64_t)u };
	}
}

struct mp_item mp_next(struct mp_cursor *c)
{
	uint8_t b = c->bad ? 0xc0 : (uint8_t)take(c, 1);

	if (c->bad || b == 0xc0)
		return (struct mp_item){ .type = MP_NIL };
	if (b <= 0x7f || b >= 0xe0)
		return (struct mp_item){ .type = MP_INT, .i = (int8_t)b };
	if (b <= 0x8f)
		return container(c, MP_MAP, b & 0x0f);
	if (b <= 0x9f)
		return container(c, MP_ARRAY, b & 0x0f);
	if (b <= 0xbf)
		return payload(c, MP_STR, b & 0x1f);
	switch (b) {
	case 0xc2:
	case 0xc3:
		return (struct mp_item){ .type = MP_BOOL, .i = b & 1 };
	case 0xc4:
	case 0xc5:
	case 0xc6:
		return payload(c, MP_BIN, take(c, 1u << (b - 0xc4)));
	case 0xc7: /* ext: size, type byte, data */
	case 0xc8:
	case 0xc9:
		return payload(c, MP_OTHER, take(c, 1u << (b - 0xc7)) + 1);
	case 0xca: /* float */
	case 0xcb:
		return payload(c, MP_OTHER, 4u << (b - 0xca));
	case 0xd4: /* fixext */
	case 0xd5:
	case 0xd6:
	case 0xd7:
	case 0xd8:
		return payload(c, MP_OTHER, 1 + (1u << (b - 0xd4)));
	case 0xd9:
	case 0xda:
	case 0xdb:
		return payload(c, MP_STR, take(c, 1u << (b - 0xd9)));
	case 0xdc:
	case 0xdd:
		return container(c, MP_ARRAY, take(c, 2u << (b - 0xdc)));
	case 0xde:
	case 0xdf:
		return container(c, MP_MAP, take(c, 2u << (b - 0xde)));
	case 0xc1: /* reserved */
		c->bad = true;
		return (struct mp_item){ .type = MP_NIL };
	default:
		return integer(c, b);
	}
}

void mp_skip_inside(struct mp_cursor *c, struct mp_item it)
{
	uint64_t todo[MP_MAX_DEPTH];
	int depth = 0;

	for (;;) {
		if (it.type == MP_ARRAY || it.type == MP_MAP) {
			if (depth == MP_MAX_DEPTH)
				c->bad = true;
			else
				todo[depth++] = it.type == MP_MAP ? 2 * it.n : it.n;
		}
		while (depth && !todo[depth - 1])
			depth--;
		if (!depth || c->bad)
			return;
		todo[depth - 1]--;
		it = mp_next(c);
	}
}

bool mp_is(struct mp_item it, const char *s)
{
	return it.type == MP_STR && strlen(s) == it.n && !memcmp(s, it.at, it.n);
}
