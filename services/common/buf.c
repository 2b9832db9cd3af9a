#include "buf.h"
#include "record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->cut = false;
	if (b->data)
		b->data[0] = '\0';
}

static void reserve(struct buf *b, size_t more)
{
	size_t want = b->len + more + 1, room = b->room ? b->room : 256;

	if (want <= b->room)
		return;
	while (room < want)
		room *= 2;
	b->data = realloc(b->data, room);
	if (!b->data)
		abort();
	b->room = room;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (len > b->max - b->len) {
		len = b->max - b->len;
		b->cut = true;
	}
	reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	char small[256], *text = small;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	if ((size_t)n >= sizeof(small)) {
		va_start(ap, fmt);
		if (vasprintf(&text, fmt, ap) < 0)
			abort();
		va_end(ap);
	}
	buf_add(b, text, (size_t)n);
	if (text != small)
		free(text);
}

static void escape(struct buf *b, unsigned char c)
{
	static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		buf_fmt(b, "\\%c", to[at - from]);
	else
		buf_fmt(b, "\\u%04x", c);
}

/* Bytes of the valid UTF-8 sequence at @s, or 0. */
static size_t sequence(const char *s, size_t left)
{
	for (size_t n = 2; n <= 4 && n <= left; n++)
		if (rec_utf8_valid(s, n))
			return n;
	return 0;
}

void buf_json_strn(struct buf *b, const char *s, size_t n)
{
	buf_add(b, "\"", 1);
	for (size_t i = 0; i < n;) {
		size_t plain = i;

		while (plain < n && (unsigned char)s[plain] >= 0x20 && (unsigned char)s[plain] < 0x7f &&
		       s[plain] != '"' && s[plain] != '\\')
			plain++;
		buf_add(b, s + i, plain - i);
		i = plain;
		if (i == n)
			break;
		if ((unsigned char)s[i] < 0x80) {
			escape(b, (unsigned char)s[i++]);
			continue;
		}
		plain = sequence(s + i, n - i);
		buf_add(b, plain ? s + i : "\xef\xbf\xbd", plain ? plain : 3);
		i += plain ? plain : 1;
	}
	buf_add(b, "\"", 1);
}

void buf_json_str(struct buf *b, const char *s)
{
	if (s)
		buf_json_strn(b, s, strlen(s));
	else
		buf_str(b, "null");
}
