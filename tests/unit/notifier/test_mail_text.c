/* What goes over the wire to a mail server, whatever people wrote. */
#include "../unit.h"
#include "mail_text.h"
#include "record.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static char *written(const struct mail_text *m)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	mail_text_write(&b, m);
	return b.data;
}

static struct mail_text letter(void)
{
	return (struct mail_text){
		.from = "portal@example.org",
		.from_name = "Server portal",
		.to = "ada@example.org",
		.to_name = "Ada Admin",
		.subject = "Hello",
		.message_id = "1@example.org",
		.body = "One\nTwo\n",
		.date = 1795852800,
	};
}

/* How many lines of the header begin with @name? */
static int headers_called(const char *text, const char *name)
{
	const char *end = strstr(text, "\r\n\r\n");
	int n = 0;

	for (const char *p = text; p && p < end;
	     p = strstr(p, "\r\n") ? strstr(p, "\r\n") + 2 : NULL)
		n += !strncmp(p, name, strlen(name)) && p[strlen(name)] == ':';
	return n;
}

static void every_line_is_short_and_ends_in_crlf(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\r\n");

		assert_true(len <= 76);
		assert_int_equal(text[len], '\r');
		assert_int_equal(text[len + 1], '\n');
		text += len + 2;
	}
}

static void a_plain_letter_reads_as_written(void **state)
{
	struct mail_text m = letter();
	char *text = written(&m);
	(void)state;

	assert_string_equal(text, "Date: Sat, 28 Nov 2026 08:00:00 +0000\r\n"
	                          "From: Server portal\r\n <portal@example.org>\r\n"
	                          "To: Ada Admin\r\n <ada@example.org>\r\n"
	                          "Subject: Hello\r\n"
	                          "Message-ID: <1@example.org>\r\n"
	                          "Auto-Submitted: auto-generated\r\n"
	                          "MIME-Version: 1.0\r\n"
	                          "Content-Type: text/plain; charset=utf-8\r\n"
	                          "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	                          "One\r\nTwo\r\n");
	free(text);
}

static void no_value_begins_a_header_of_its_own(void **state)
{
	static const char *const attacks[] = {
		"x\r\nBcc: thief@example.net", "x\nBcc: thief@example.net",
		"x\rBcc: thief@example.net",   "x\r\n\r\nBcc: thief@example.net",
		"\r\nBcc: thief@example.net",  "x\r\n Bcc: y\r\nBcc: z",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct mail_text m = letter();
		char *text;

		m.subject = attacks[i];
		m.to_name = attacks[i];
		text = written(&m);
		assert_int_equal(headers_called(text, "Bcc"), 0);
		assert_int_equal(headers_called(text, "Subject"), 1);
		assert_int_equal(headers_called(text, "To"), 1);
		every_line_is_short_and_ends_in_crlf(text);
		free(text);
	}
}

/* RFC 2047: at most 75 characters to an encoded word, and never half a character in one. */
static void long_foreign_subjects_become_whole_encoded_words(void **state)
{
	char subject[600] = "";
	struct buf b;
	(void)state;

	for (int i = 0; i < 60; i++)
		strcat(subject, i % 3 ? "Größe " : "日本 ");
	buf_init(&b, 1 << 16);
	mail_header(&b, "Subject", subject);
	every_line_is_short_and_ends_in_crlf(b.data);
	for (const char *p = strstr(b.data, "=?utf-8?B?"); p; p = strstr(p + 1, "=?utf-8?B?")) {
		unsigned char raw[64];
		size_t len = 0;
		const char *from = p + 10, *end = strstr(from, "?=");

		assert_non_null(end);
		assert_int_equal(sodium_base642bin(raw, sizeof(raw), from, (size_t)(end - from),
		                                   NULL, &len, NULL,
		                                   sodium_base64_VARIANT_ORIGINAL),
		                 0);
		assert_true(rec_utf8_valid(raw, len));
	}
	buf_release(&b);
}

static void text_that_looks_encoded_is_encoded(void **state)
{
	struct buf b;
	(void)state;

	buf_init(&b, 1000);
	mail_header(&b, "Subject", "=?utf-8?B?SGFja2Vk?=");
	assert_null(strstr(b.data, "SGFja2Vk"));
	buf_release(&b);
}

static void the_body_is_quoted_printable(void **state)
{
	struct mail_text m = letter();
	char *text, *body;
	(void)state;

	m.body = "a=b \nGröße\r\n"
		 "a line that is so long that it has to be broken softly somewhere, because no "
	         "line may have more than 76\n";
	text = written(&m);
	body = strstr(text, "\r\n\r\n") + 4;
	assert_ptr_equal(strstr(body, "a=3Db=20\r\nGr=C3=B6=C3=9Fe\r\n"), body);
	every_line_is_short_and_ends_in_crlf(body);
	assert_non_null(strstr(body, "=\r\n"));
	free(text);
}

static void only_plain_addresses_get_mail(void **state)
{
	static const char *const good[] = { "ada@example.org", "a.b+c@sub.example.org",
		                            "x@localhost", "o'neil@ex-ample.org" };
	static const char *const bad[] = {
		"",
		"ada",
		"@example.org",
		"ada@",
		"a b@example.org",
		".a@example.org",
		"a.@example.org",
		"a..b@example.org",
		"a@-x.org",
		"a@x-.org",
		"a@x..org",
		"a@x.org.",
		"a@[127.0.0.1]",
		"a@x.org>",
		"a@x.org\r\nRCPT TO:<b@y.org>",
		"a@x.org b@y.org",
		"\"a b\"@x.org",
		"a@b@c.org",
		"grün@example.org",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(mail_address_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mail_address_ok(bad[i]));
	assert_false(mail_address_ok(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_letter_reads_as_written),
		cmocka_unit_test(no_value_begins_a_header_of_its_own),
		cmocka_unit_test(long_foreign_subjects_become_whole_encoded_words),
		cmocka_unit_test(text_that_looks_encoded_is_encoded),
		cmocka_unit_test(the_body_is_quoted_printable),
		cmocka_unit_test(only_plain_addresses_get_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
