/* What reaches Kore's parser: RFC 9112 read strictly. Each row is a request and what becomes of it.
 */
#include "unit.h"

#include "gw_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST
#define BODY_MAX 1000
#define HEAD_MAX 8192

static int check_n(const char *text, size_t len)
{
	/* a copy of exactly that size: the sanitizer sees every byte too far */
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, text, len);
	r = gw_head_check(copy, len, HEAD_MAX, BODY_MAX);
	free(copy);
	return r;
}

static int check(const char *text)
{
	return check_n(text, strlen(text));
}

static const struct row {
	const char *why, *text;
	int want;
} rows[] = {
	{ "a GET", GET "\r\n", GW_HEAD_OK },
	{ "a HEAD", "HEAD / HTTP/1.1\r\n" HOST "\r\n", GW_HEAD_OK },
	{ "a POST with its body", POST "Content-Length: 2\r\n\r\n{}", GW_HEAD_OK },
	{ "a POST whose body comes later", POST "content-length: 2\r\n\r\n", GW_HEAD_OK },
	{ "a POST with an empty body", POST "Content-Length: 0\r\n\r\n", GW_HEAD_OK },
	{ "a port in the host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", GW_HEAD_OK },
	{ "spaces around a value", GET "X:  v  \r\n\r\n", GW_HEAD_OK },
	{ "a header without a value", GET "X:\r\n\r\n", GW_HEAD_OK },
	{ "a value of nothing but spaces", GET "X:   \r\n\r\n", GW_HEAD_OK },
	{ "an empty cookie", GET "Cookie:\r\n\r\n", GW_HEAD_OK },

	{ "nothing yet", "", GW_HEAD_MORE },
	{ "half a request line", "GET / HT", GW_HEAD_MORE },
	{ "a head without its end", GET, GW_HEAD_MORE },
	{ "a CR that may become a line end", GET "\r", GW_HEAD_MORE },
	{ "bare line feeds never end a line", "GET / HTTP/1.1\nHost: a\n\n", GW_HEAD_MORE },

	{ "an empty line first", "\r\n" GET "\r\n", 400 },
	{ "a bare LF inside a header", GET "X: a\nY: b\r\n\r\n", 400 },
	{ "a bare CR inside a header", GET "X: a\rY: b\r\n\r\n", 400 },
	{ "a tab in a value", GET "X: a\tb\r\n\r\n", 400 },
	{ "a value that is not ASCII", GET "X: \xc3\xa9\r\n\r\n", 400 },
	{ "a space before the colon", GET "X : v\r\n\r\n", 400 },
	{ "a folded header", GET "X: v\r\n w\r\n\r\n", 400 },
	{ "a header without a colon", GET "nonsense\r\n\r\n", 400 },
	{ "a header without a name", GET ": v\r\n\r\n", 400 },
	{ "a header Kore would take for Host", "GET / HTTP/1.1\r\nHostess: b\r\n" HOST "\r\n",
	  400 },
	{ "a length Kore would refuse in its own words", POST "Content-Length: 2 \r\n\r\n{}", 400 },
	{ "an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
	{ "an empty length", POST "Content-Length:\r\n\r\n", 400 },
	{ "an empty transfer coding", POST "Transfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}",
	  501 },
	{ "an empty cookie beside a cookie", GET "Cookie:\r\nCookie: a=1\r\n\r\n", 400 },
	{ "no host", "GET / HTTP/1.1\r\nX: v\r\n\r\n", 400 },
	{ "two hosts", GET "Host: b\r\n\r\n", 400 },
	{ "a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
	{ "two cookies headers", GET "Cookie: a=1\r\nCookie: b=2\r\n\r\n", 400 },
	{ "two origins", GET "Origin: http://a\r\norigin: http://b\r\n\r\n", 400 },
	{ "two idempotency keys",
	  GET "Idempotency-Key: 12345678\r\nIdempotency-Key: 87654321\r\n\r\n", 400 },
	{ "an absolute address", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "an asterisk", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "a space in the address", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "no version", "GET /\r\n" HOST "\r\n", 400 },
	{ "something like a version", "GET / JTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "version 1.0", "GET / HTTP/1.0\r\n" HOST "\r\n", 505 },
	{ "version 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
	{ "lower case methods", "get / HTTP/1.1\r\n" HOST "\r\n", 501 },
	{ "TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n", 501 },
	{ "CONNECT", "CONNECT /a HTTP/1.1\r\n" HOST "\r\n", 501 },

	{ "a POST without a length", POST "\r\n", 411 },
	{ "two lengths", POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400 },
	{ "a signed length", POST "Content-Length: +2\r\n\r\n{}", 400 },
	{ "a negative length", POST "Content-Length: -2\r\n\r\n", 400 },
	{ "a hexadecimal length", POST "Content-Length: 0x2\r\n\r\n{}", 400 },
	{ "a list of lengths", POST "Content-Length: 2, 2\r\n\r\n{}", 400 },
	{ "a length that overflows", POST "Content-Length: 99999999999999999999\r\n\r\n", 400 },
	{ "a body that is too large", POST "Content-Length: 1001\r\n\r\n", 413 },
	{ "chunked", POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501 },
	{ "length and chunked", POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
	  501 },
	{ "chunked, hidden by letters", POST "tRANSFER-eNCODING: x\r\nContent-Length: 2\r\n\r\n{}",
	  501 },
	{ "waiting for 100", POST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", 417 },
	{ "a GET with a body", GET "Content-Length: 2\r\n\r\n{}", 400 },
	{ "a DELETE with a body", "DELETE / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n", 400 },
	{ "a second request behind a GET", GET "\r\n" GET "\r\n", 400 },
	{ "bytes behind a body", POST "Content-Length: 2\r\n\r\n{}G", 400 },
};

static void every_request_gets_what_it_deserves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (check(rows[i].text) != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].why, check(rows[i].text), rows[i].want);
}

/* However a head is cut into packets, it ends the same: nothing is accepted early, nothing refused
 * that could still be good. */
static void a_good_request_is_never_refused_halfway(void **state)
{
	static const char head[] = POST "Cookie: a=1\r\nContent-Length: 2\r\n\r\n";
	(void)state;

	for (size_t n = 0; n < sizeof(head) - 1; n++)
		assert_int_equal(check_n(head, n), GW_HEAD_MORE);
	assert_int_equal(check_n(head, sizeof(head) - 1), GW_HEAD_OK);
}

static void a_NUL_is_nowhere_welcome(void **state)
{
	static const char head[] = GET "X: a\r\n\r\n";
	(void)state;

	for (size_t i = 0; i < sizeof(head) - 1; i++) {
		char copy[sizeof(head)];
		int r;

		memcpy(copy, head, sizeof(head));
		copy[i] = '\0';
		r = check_n(copy, sizeof(head) - 1);
		assert_int_not_equal(r, GW_HEAD_OK);
	}
}

/* Kore refuses a header without a value, in words of its own, so it never sees one. */
static void headers_without_a_value_are_taken_out(void **state)
{
	static const struct {
		const char *in, *out;
	} strip[] = {
		{ GET "\r\n", GET "\r\n" },
		{ GET "X: v\r\n\r\n", GET "X: v\r\n\r\n" },
		{ GET "X:\r\n\r\n", GET "\r\n" },
		{ "GET / HTTP/1.1\r\nX:\r\nY: \r\n" HOST "Z:   \r\n\r\n", GET "\r\n" },
		{ GET "A:\r\nX: a:\r\nB:\r\n\r\n", GET "X: a:\r\n\r\n" },
		{ "GET /a: HTTP/1.1\r\n" HOST "\r\n", "GET /a: HTTP/1.1\r\n" HOST "\r\n" },
		{ POST "X:\r\nContent-Length: 8\r\n\r\na:\r\n\r\nb:",
		  POST "Content-Length: 8\r\n\r\na:\r\n\r\nb:" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(strip) / sizeof(strip[0]); i++) {
		size_t len = strlen(strip[i].in), left;
		uint8_t *copy = malloc(len);

		memcpy(copy, strip[i].in, len);
		assert_int_equal(gw_head_check(copy, len, HEAD_MAX, BODY_MAX), GW_HEAD_OK);
		left = gw_head_strip(copy, len);
		assert_int_equal(left, strlen(strip[i].out));
		assert_memory_equal(copy, strip[i].out, left);
		free(copy);
	}
}

static void sizes_are_bounded(void **state)
{
	char text[HEAD_MAX + 100];
	int n;
	(void)state;

	n = snprintf(text, sizeof(text), GET "X: ");
	memset(text + n, 'a', sizeof(text) - (size_t)n);
	assert_int_equal(check_n(text, HEAD_MAX - 1), GW_HEAD_MORE);
	assert_int_equal(check_n(text, HEAD_MAX), 431);

	n = snprintf(text, sizeof(text), "GET /");
	memset(text + n, 'a', GW_TARGET_MAX);
	snprintf(text + n + GW_TARGET_MAX, sizeof(text) - (size_t)n - GW_TARGET_MAX,
	         " HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(check(text), 414);
}

static void kore_keeps_23_headers_so_more_are_refused(void **state)
{
	(void)state;
	for (int extra = 20; extra <= 24; extra++) {
		char text[2048];
		int n = snprintf(text, sizeof(text), GET);

		for (int i = 0; i < extra; i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "X-%d: v\r\n", i);
		snprintf(text + n, sizeof(text) - (size_t)n, "\r\n");
		assert_int_equal(check(text), extra + 1 <= GW_HEADERS_MAX ? GW_HEAD_OK : 431);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_gets_what_it_deserves),
		cmocka_unit_test(a_good_request_is_never_refused_halfway),
		cmocka_unit_test(a_NUL_is_nowhere_welcome),
		cmocka_unit_test(headers_without_a_value_are_taken_out),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(kore_keeps_23_headers_so_more_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
