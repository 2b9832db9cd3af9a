#pragma once
/*
 * A letter as it goes over the wire (RFC 5322, 2045, 2047, 3834)
 *
 * Whatever people wrote goes in: names, reasons, anything. Line breaks and
 * other control characters in a header become spaces before anything else is
 * done, so no value can begin a header of its own; what is not plain ASCII
 * becomes encoded words; the body is quoted-printable. No line exceeds 76
 * characters, all end in CRLF.
 */
#include "buf.h"

#include <time.h>

struct mail_text {
	const char *from; /* address */
	const char *from_name;
	const char *to; /* address */
	const char *to_name;
	const char *subject;
	const char *message_id; /* without the angle brackets */
	const char *body;       /* UTF-8, lines end in \n */
	time_t date;
};

/* Appends the whole message to @out. Addresses must have passed mail_address_ok(). */
void mail_text_write(struct buf *out, const struct mail_text *m);

/* One header line, folded. */
void mail_header(struct buf *out, const char *name, const char *text);

/*
 * An address we are willing to put into SMTP commands: dot-atom@domain, ASCII,
 * at most 254 characters. Quoted local parts and address literals are refused;
 * nobody has one.
 */
bool mail_address_ok(const char *address);
