#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the sequence that begins with @lead (RFC 3629, section 3). */
static size_t sequence(unsigned char lead)
{
	return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* @len, or less when the last sequence in it is not whole. */
static size_t whole(const char *s, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		unsigned char c = (unsigned char)s[len - back];

		if ((c & 0xc0) != 0x80) /* not a byte that goes on with a sequence */
			return sequence(c) > back ? len - back : len;
	}
	return len;
}

size_t utf8_cut(const char *s, size_t max)
{
	return whole(s, strnlen(s, max));
}

size_t utf8_snprintf(char *out, size_t room, const char *fmt, ...)
{
	size_t n;
	va_list ap;

	if (!room)
		return 0;
	va_start(ap, fmt);
	if (vsnprintf(out, room, fmt, ap) < 0)
		*out = '\0';
	va_end(ap);
	n = utf8_cut(out, room - 1);
	out[n] = '\0';
	return n;
}
