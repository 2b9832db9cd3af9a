#include "lines.h"
#include "err.h"

#include <stdlib.h>
#include <string.h>

/* How many of the @n bytes to take, so that no UTF-8 character is cut in two. */
static size_t whole_characters(const char *data, size_t n)
{
	size_t i = n;

	while (i > 0 && n - i < 3 && ((unsigned char)data[i - 1] & 0xc0) == 0x80)
		i--;
	return i > 0 && (unsigned char)data[i - 1] >= 0xc0 ? i - 1 : n;
}

static void give(struct lines *l, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!l->data[i])
			l->data[i] = (char)0xff;
	l->on_line(l->arg, l->data, len);
}

static void cut_here(struct lines *l)
{
	size_t n = whole_characters(l->data, l->n);

	give(l, n);
	memmove(l->data, l->data + n, l->n - n);
	l->n -= n;
}

void lines_feed(struct lines *l, const char *data, size_t len)
{
	if (!l->data)
		l->data = xcalloc(1, LINES_LONGEST);
	while (len) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		if (n > LINES_LONGEST - l->n)
			n = LINES_LONGEST - l->n;
		memcpy(l->data + l->n, data, n);
		l->n += n;
		data += n;
		len -= n;
		if (len && *data == '\n') {
			give(l, l->n && l->data[l->n - 1] == '\r' ? l->n - 1 : l->n);
			l->n = 0;
			data++;
			len--;
		} else if (l->n == LINES_LONGEST && len) {
			cut_here(l);
		}
	}
}

void lines_end(struct lines *l)
{
	if (l->n)
		give(l, l->n);
	l->n = 0;
}

void lines_release(struct lines *l)
{
	free(l->data);
	l->data = NULL;
	l->n = 0;
}
