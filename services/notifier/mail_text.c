#include "mail_text.h"
#include "utf8.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define LINE 76
/* An encoded word may have 75 characters: "=?utf-8?B?" + 60 of base64 + "?=" holds 45 bytes. */
#define WORD_BYTES 45

static bool plain_char(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* ASCII, nothing that looks like an encoded word, short enough for one line after the name. */
static bool plain_text(const char *text, size_t room)
{
	size_t n = 0;

	for (; text[n]; n++)
		if (!plain_char((unsigned char)text[n]))
			return false;
	return n <= room && !strstr(text, "=?") && (!n || (text[0] != ' ' && text[n - 1] != ' '));
}

/* Bytes of the next encoded word: at most WORD_BYTES, and never half a character (RFC 2047, 5). */
static size_t word_length(const char *text)
{
	size_t n = utf8_cut(text, WORD_BYTES);

	return n ? n : strnlen(text, WORD_BYTES); /* not UTF-8: it must go out all the same */
}

static void encoded_words(struct buf *out, const char *text)
{
	char word[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];

	for (size_t n; *text; text += n) {
		n = word_length(text);
		sodium_bin2base64(word, sizeof(word), (const unsigned char *)text, n,
		                  sodium_base64_VARIANT_ORIGINAL);
		buf_fmt(out, "=?utf-8?B?%s?=%s", word, text[n] ? "\r\n " : "");
	}
}

/* Control characters become spaces: a header ends where we end it. */
static void clean_copy(char *to, size_t size, const char *from)
{
	size_t n = from ? utf8_cut(from, size - 1) : 0;

	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? ' ' : from[i];
	to[n] = '\0';
}

void mail_header(struct buf *out, const char *name, const char *text)
{
	char clean[800];

	clean_copy(clean, sizeof(clean), text);
	buf_fmt(out, "%s: ", name);
	if (plain_text(clean, LINE - strlen(name) - 2)) {
		buf_str(out, clean);
	} else {
		buf_str(out, "\r\n "); /* each encoded word on a line of its own */
		encoded_words(out, clean);
	}
	buf_str(out, "\r\n");
}

/* "Ada Admin <ada@example.org>"; a name with any special character travels as an encoded word. */
static void address_header(struct buf *out, const char *name, const char *person,
                           const char *address)
{
	static const char atoms[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -";
	char clean[200];

	clean_copy(clean, sizeof(clean), person);
	buf_fmt(out, "%s: ", name);
	if (*clean && strspn(clean, atoms) == strlen(clean) && strlen(clean) < 40) {
		buf_fmt(out, "%s\r\n ", clean);
	} else if (*clean) {
		encoded_words(out, clean);
		buf_str(out, "\r\n ");
	}
	buf_fmt(out, "<%s>\r\n", address);
}

/* One line as quoted-printable (RFC 2045, 6.7), broken softly where it grows too long. */
static void quoted_line(struct buf *out, const char *line, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		bool last = i + 1 == len;
		bool plain = plain_char(c) && c != '=' && !(c == ' ' && last);

		if (column + (plain ? 1 : 3) > LINE - 1) {
			buf_str(out, "=\r\n");
			column = 0;
		}
		if (plain)
			buf_add(out, &c, 1);
		else
			buf_fmt(out, "=%02X", c);
		column += plain ? 1 : 3;
	}
	buf_str(out, "\r\n");
}

static void quoted_body(struct buf *out, const char *body)
{
	while (*body) {
		size_t len = strcspn(body, "\n"), cut = len;

		while (cut && body[cut - 1] == '\r')
			cut--;
		quoted_line(out, body, cut);
		body += len + (body[len] == '\n');
	}
}

static void date_header(struct buf *out, time_t date)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm t;

	gmtime_r(&date, &t);
	buf_fmt(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
	        months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void mail_text_write(struct buf *out, const struct mail_text *m)
{
	date_header(out, m->date);
	address_header(out, "From", m->from_name, m->from);
	address_header(out, "To", m->to_name, m->to);
	mail_header(out, "Subject", m->subject);
	buf_fmt(out, "Message-ID: <%s>\r\n", m->message_id);
	buf_str(out, "Auto-Submitted: auto-generated\r\n"
	             "MIME-Version: 1.0\r\n"
	             "Content-Type: text/plain; charset=utf-8\r\n"
	             "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	quoted_body(out, m->body);
}

static bool label_ok(const char *label, size_t len)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

	return len >= 1 && len <= 63 && strspn(label, letters) >= len && label[0] != '-' &&
	       label[len - 1] != '-';
}

static bool domain_ok(const char *domain)
{
	for (;;) {
		size_t len = strcspn(domain, ".");

		if (!label_ok(domain, len))
			return false;
		if (!domain[len])
			return true;
		domain += len + 1;
	}
}

bool mail_address_ok(const char *address)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "!#$%&'*+-/=?^_`{|}~.";
	size_t local = address ? strspn(address, atext) : 0;

	if (local < 1 || local > 64 || address[local] != '@' || strlen(address) > 254)
		return false;
	for (size_t i = 0; i < local; i++)
		if (address[i] == '.' && (i == 0 || i + 1 == local || address[i + 1] == '.'))
			return false;
	return domain_ok(address + local + 1);
}
