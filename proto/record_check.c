/* The limits of fields, and the sentences a person reads when they are broken. */
#include "record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at @p (RFC 3629), 0 when it is none. */
static size_t sequence(const uint8_t *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool rec_utf8_valid(const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len;) {
		size_t n = p[i] ? sequence(p + i, len - i) : 0;

		if (!n)
			return false;
		i += n;
	}
	return true;
}

__attribute__((format(printf, 4, 5))) static void
add(struct rec_errors *e, const struct rec_field *f, const char *code, const char *fmt, ...)
{
	struct rec_error *at;
	va_list ap;

	if (!e || e->n == REC_MAX_ERRORS)
		return;
	at = &e->at[e->n++];
	snprintf(at->field, sizeof(at->field), "%s", f->name);
	snprintf(at->code, sizeof(at->code), "%s", code);
	va_start(ap, fmt);
	vsnprintf(at->detail, sizeof(at->detail), fmt, ap);
	va_end(ap);
}

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static bool lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool hostname_ok(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (; *s; s++)
		if (!lower_or_digit(*s) && *s != '-')
			return false;
	return true;
}

static bool name_ok(const char *s)
{
	if (!lower_or_digit(*s))
		return false;
	for (; *s; s++)
		if (!lower_or_digit(*s) && !strchr("._-", *s))
			return false;
	return true;
}

static bool uuid_ok(const char *s)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(shape); i++)
		if (shape[i] == 'x' ? !s[i] || !strchr("0123456789abcdef", s[i]) : s[i] != shape[i])
			return false;
	return true;
}

/* Control characters, and the bidirectional ones that make text read as something else. */
static bool text_ok(const char *s, bool lines)
{
	for (; *s; s++) {
		const unsigned char *p = (const unsigned char *)s;

		if (*p == 0x7f || (*p < 0x20 && !(lines && strchr("\n\r\t", *p))))
			return false;
		if (p[0] == 0xc2 && p[1] < 0xa0)
			return false;
		if (p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
		                     (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
			return false;
	}
	return true;
}

static const char *format_fault(enum rec_format format, const char *s)
{
	switch (format) {
	case REC_ANY:
		return NULL;
	case REC_HOSTNAME:
		return hostname_ok(s) ? NULL : "Use lower case letters, digits and dashes; start and end with a letter or digit.";
	case REC_NAME:
		return name_ok(s) ? NULL : "Use lower case letters, digits, dots, dashes and underscores; start with a letter or digit.";
	case REC_UUID:
		return uuid_ok(s) ? NULL : "This must be a UUID.";
	case REC_LINE:
		return text_ok(s, false) ? NULL : "Use one line of ordinary text, without control characters.";
	case REC_TEXT:
		return text_ok(s, true) ? NULL : "Use ordinary text, without control characters.";
	case REC_HEX:
		return strspn(s, "0123456789abcdef") == strlen(s) ? NULL : "This must be hexadecimal.";
	}
	return NULL;
}

static bool is_choice(const char *choices, const char *s)
{
	size_t n = strlen(s);

	for (const char *at = choices; n && (at = strstr(at, s)); at++)
		if ((at == choices || at[-1] == ' ') && (at[n] == ' ' || !at[n]) && !strchr(s, ' '))
			return true;
	return false;
}

static void check_str(const struct rec_field *f, const char *s, struct rec_errors *e)
{
	int64_t n = (int64_t)characters(s);
	const char *fault;

	if (f->choices && !is_choice(f->choices, s)) {
		add(e, f, "not_allowed", "Choose one of: %s.", f->choices);
	} else if (n < f->min && !n) {
		add(e, f, "required", "This is needed.");
	} else if (n < f->min) {
		add(e, f, "too_short", "Use at least %" PRId64 " characters.", f->min);
	} else if (f->max && n > f->max) {
		add(e, f, "too_long", "Use at most %" PRId64 " characters.", f->max);
	} else if ((fault = format_fault(f->format, s))) {
		add(e, f, "bad_format", "%s", fault);
	}
}

static void check_bin(const struct rec_field *f, const struct rec_bin *b, struct rec_errors *e)
{
	if ((int64_t)b->len < f->min)
		add(e, f, "too_short", "Use at least %" PRId64 " characters.", f->min);
	/* sealed bytes are longer than what was typed: allow for the envelope */
	else if (f->max && (int64_t)b->len > f->max + (f->kind == REC_SEAL ? 512 : 0))
		add(e, f, "too_long", "Use at most %" PRId64 " characters.", f->max);
}

static void check_i64(const struct rec_field *f, int64_t n, struct rec_errors *e)
{
	if (!f->min && !f->max)
		return;
	if (n < f->min)
		add(e, f, "too_small", "Use %" PRId64 " or more.", f->min);
	else if (n > f->max)
		add(e, f, "too_big", "Use %" PRId64 " or less.", f->max);
}

int rec_check(const struct rec_def *def, const void *rec, struct rec_errors *errors)
{
	struct rec_errors local = { 0 }, *e = errors ? errors : &local;
	size_t before = e->n;

	for (size_t i = 0; i < def->n_fields; i++) {
		const struct rec_field *f = &def->field[i];
		const void *at = (const char *)rec + f->offset;
		const char *s = f->kind == REC_STR ? *(const char *const *)at : NULL;
		const struct rec_bin *bin = at;
		bool need = f->flags & REC_REQUIRED;

		if (f->kind == REC_STR && s)
			check_str(f, s, e);
		else if ((f->kind == REC_BIN || f->kind == REC_SEAL) && bin->data)
			check_bin(f, bin, e);
		else if (f->kind == REC_I64 && (need || rec_get_i64(f, rec)))
			check_i64(f, rec_get_i64(f, rec), e);
		else if (need && f->kind != REC_I64 && f->kind != REC_BOOL)
			add(e, f, "required", "This is needed.");
	}
	return e->n > before ? REC_E_INVALID : 0;
}
