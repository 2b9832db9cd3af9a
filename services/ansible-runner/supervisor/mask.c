#include "mask.h"
#include "err.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

struct secret {
	char *text; /* sodium_malloc */
	size_t len;
};

struct mask {
	struct secret at[MOST]; /* longest first */
	size_t n, longest;
	bool begins[256]; /* does one begin with this byte? */
};

struct mask *mask_new(void)
{
	return xcalloc(1, sizeof(struct mask));
}

struct mask *mask_free(struct mask *m)
{
	for (size_t i = 0; m && i < m->n; i++)
		sodium_free(m->at[i].text);
	free(m);
	return NULL;
}

bool mask_add(struct mask *m, const char *secret, size_t len)
{
	struct secret new = { .len = len };
	size_t i = m->n;

	if (len < MASK_SHORTEST || m->n == MOST)
		return false;
	new.text = sodium_malloc(len);
	if (!new.text)
		abort();
	memcpy(new.text, secret, len);
	for (; i > 0 && m->at[i - 1].len < len; i--)
		m->at[i] = m->at[i - 1];
	m->at[i] = new;
	m->n++;
	m->longest = m->at[0].len;
	m->begins[(unsigned char)secret[0]] = true;
	return true;
}

void mask_add_lines(struct mask *m, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\r\n");

		if (strncmp(text, "-----", 5)) /* the frame of a key is no secret */
			mask_add(m, text, len);
		text += len;
		text += strspn(text, "\r\n");
	}
}

enum found { NOTHING, PERHAPS, SECRET };

/* What begins at @p? The longest secret that may still come decides. */
static enum found look(const struct mask *m, const char *p, size_t left, bool end, size_t *ret_len)
{
	if (!m->begins[(unsigned char)*p])
		return NOTHING;
	for (size_t i = 0; i < m->n; i++) {
		const struct secret *s = &m->at[i];

		if (s->len <= left && !memcmp(s->text, p, s->len)) {
			*ret_len = s->len;
			return SECRET;
		}
		if (!end && s->len > left && !memcmp(s->text, p, left))
			return PERHAPS;
	}
	return NOTHING;
}

static void scan(struct mask_stream *s, bool end)
{
	size_t from = 0, i = 0, len = 0;

	while (i < s->n) {
		enum found f = look(s->mask, s->held + i, s->n - i, end, &len);

		if (f == PERHAPS)
			break;
		if (f == NOTHING) {
			i++;
			continue;
		}
		if (i > from)
			s->out(s->arg, s->held + from, i - from);
		s->out(s->arg, MASK_TEXT, strlen(MASK_TEXT));
		i += len;
		from = i;
	}
	if (i > from)
		s->out(s->arg, s->held + from, i - from);
	memmove(s->held, s->held + i, s->n - i);
	sodium_memzero(s->held + s->n - i, i);
	s->n -= i;
}

void mask_feed(struct mask_stream *s, const char *data, size_t len)
{
	if (!len)
		return;
	if (!s->mask || !s->mask->n) {
		s->out(s->arg, data, len);
		return;
	}
	if (s->n + len > s->room) {
		char *bigger = xcalloc(1, s->n + len);

		if (s->n)
			memcpy(bigger, s->held, s->n);
		if (s->held)
			sodium_memzero(s->held, s->room);
		free(s->held);
		s->held = bigger;
		s->room = s->n + len;
	}
	memcpy(s->held + s->n, data, len);
	s->n += len;
	scan(s, false);
}

void mask_end(struct mask_stream *s)
{
	if (s->n)
		scan(s, true);
}

void mask_stream_release(struct mask_stream *s)
{
	if (s->held)
		sodium_memzero(s->held, s->room);
	free(s->held);
	s->held = NULL;
	s->n = s->room = 0;
}
