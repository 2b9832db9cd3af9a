#include "pg_array.h"

static void separate(struct buf *b)
{
	buf_str(b, b->len ? "," : "{");
}

void pg_array_raw(struct buf *b, const char *element)
{
	separate(b);
	buf_str(b, element ? element : "NULL");
}

void pg_array_str(struct buf *b, const char *element)
{
	if (!element) {
		pg_array_raw(b, NULL);
		return;
	}
	separate(b);
	buf_str(b, "\"");
	for (; *element; element++) {
		if (*element == '"' || *element == '\\')
			buf_add(b, "\\", 1);
		buf_add(b, element, 1);
	}
	buf_str(b, "\"");
}

void pg_array_bytes(struct buf *b, const void *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *at = data;

	separate(b);
	buf_str(b, "\"\\\\x");
	for (size_t i = 0; i < len; i++) {
		const char two[2] = { hex[at[i] >> 4], hex[at[i] & 15] };

		buf_add(b, two, 2);
	}
	buf_str(b, "\"");
}

void pg_array_end(struct buf *b)
{
	buf_str(b, b->len ? "}" : "{}");
}
