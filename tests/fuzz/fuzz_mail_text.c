/*
 * Letters: whatever a name, a subject and a body hold, the header has the lines we wrote and no
 * other, no line is too long, and the body says what was said.
 */
#include "services/notifier/mail_text.h"

#include "services/notifier/mail_text.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const headers[] = {
	"Date",         "From",         "To",
	"Subject",      "Message-ID",   "Auto-Submitted",
	"MIME-Version", "Content-Type", "Content-Transfer-Encoding"
};

/* Checks one line at @p; a line that begins with a space goes on with the one before. Returns the
 * next line. */
static const char *header_line(const char *p, size_t *n)
{
	const char *end = strstr(p, "\r\n");

	if (!end || end - p > LINE || memchr(p, '\n', (size_t)(end - p)) ||
	    memchr(p, '\r', (size_t)(end - p)))
		abort();
	if (*p != ' ') {
		if (*n >= sizeof(headers) / sizeof(headers[0]) ||
		    strncmp(p, headers[*n], strlen(headers[*n])) || p[strlen(headers[*n])] != ':')
			abort();
		++*n;
	}
	return end + 2;
}

static int hex(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Undoes quoted-printable and compares with @body, in which line ends are \n and one is added at
 * the end if missing. */
static void same_body(const char *p, const char *body)
{
	while (*p) {
		if (!strncmp(p, "=\r\n", 3)) {
			p += 3;
			continue;
		}
		while (*body == '\r' && body[strspn(body, "\r")] == '\n')
			body++;
		if (!strncmp(p, "\r\n", 2)) {
			if (*body != '\n' && body[strspn(body, "\r")])
				abort();
			body += *body == '\n';
			p += 2;
			continue;
		}
		if ((unsigned char)*body !=
		    (*p == '=' ? hex(p[1]) * 16 + hex(p[2]) : (unsigned char)*p))
			abort();
		p += *p == '=' ? 3 : 1;
		body++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	const char *name, *subject, *body, *p;
	struct buf out;
	size_t n = 0;

	memcpy(text, data, len);
	text[len] = '\0';
	name = text;
	subject = name + strlen(name) < text + len ? name + strlen(name) + 1 : "";
	body = *subject && subject + strlen(subject) < text + len ? subject + strlen(subject) + 1
	                                                          : "";
	buf_init(&out, 1 << 22);
	mail_text_write(&out, &(struct mail_text){ .from = "a@b.org",
	                                           .from_name = "Portal",
	                                           .to = "c@d.org",
	                                           .to_name = name,
	                                           .subject = subject,
	                                           .message_id = "1@b.org",
	                                           .body = body });
	for (p = out.data; strncmp(p, "\r\n", 2);)
		p = header_line(p, &n);
	if (n != sizeof(headers) / sizeof(headers[0]))
		abort();
	same_body(p + 2, body);
	(void)mail_address_ok(text);
	buf_release(&out);
	free(text);
	return 0;
}
