/* Addresses, queries, cookies, forms. */
#include "unit.h"

#include "gw_conf.h"
#include "gw_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_path_fits_its_pattern_or_does_not(void **state)
{
	static const struct {
		const char *pattern, *path, *first; /* first segment, or NULL: no match */
	} rows[] = {
		{ "/requests/:id", "/requests/42", "42" },
		{ "/requests/:id/approve", "/requests/42/approve", "42" },
		{ "/requests/:id", "/requests/a%2fb", "a%2fb" },
		{ "/requests/:id", "/requests/", NULL },
		{ "/requests/:id", "/requests", NULL },
		{ "/requests/:id", "/requests/42/", NULL },
		{ "/requests/:id", "/requests/42/approve", NULL },
		{ "/requests/:id", "/Requests/42", NULL },
		{ "/requests/:id", "//requests/42", NULL },
		{ "/requests/:id", "/requests/../requests/42", NULL },
		{ "/requests/:id/approve", "/requests/42/approv", NULL },
		{ "/requests/:id/approve", "/requests/42/approvee", NULL },
	};
	struct gw_args args;
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool fits = gw_path_match(rows[i].pattern, rows[i].path, &args);

		if (fits != (rows[i].first != NULL))
			fail_msg("%s and %s", rows[i].pattern, rows[i].path);
		if (!fits)
			continue;
		assert_int_equal(args.n, 1);
		assert_int_equal(args.at[0].len, strlen(rows[i].first));
		assert_memory_equal(args.at[0].value, rows[i].first, args.at[0].len);
	}
	assert_true(gw_path_match("/healthz", "/healthz", &args));
	assert_int_equal(args.n, 0);
}

static void a_query_becomes_text_in_json(void **state)
{
	static const struct {
		const char *query;
		enum gw_query want;
		const char *text; /* JSON, or the name to blame */
	} rows[] = {
		{ NULL, GW_QUERY_OK, "" },
		{ "", GW_QUERY_OK, "" },
		{ "q=web&page=2", GW_QUERY_OK, "\"q\":\"web\",\"page\":\"2\"" },
		{ "q=a%20b+c", GW_QUERY_OK, "\"q\":\"a b c\"" },
		{ "q=%22%5C", GW_QUERY_OK, "\"q\":\"\\\"\\\\\"" },
		{ "q=", GW_QUERY_OK, "\"q\":\"\"" },
		{ "q", GW_QUERY_OK, "\"q\":\"\"" },
		{ "q=a=b", GW_QUERY_OK, "\"q\":\"a=b\"" },
		{ "%71=x", GW_QUERY_OK, "\"q\":\"x\"" },
		{ "q=a&q=b", GW_QUERY_TWICE, "q" },
		{ "q=a&%71=b", GW_QUERY_TWICE, "q" },
		{ "colour=red", GW_QUERY_UNKNOWN, "colour" },
		{ "Q=a", GW_QUERY_UNKNOWN, "Q" },
		{ "q page=1", GW_QUERY_UNKNOWN, "q page" },
		{ "=1", GW_QUERY_UNKNOWN, "" },
		{ "q=%", GW_QUERY_UNREADABLE, "q" },
		{ "q=%4", GW_QUERY_UNREADABLE, "q" },
		{ "q=%zz", GW_QUERY_UNREADABLE, "q" },
		{ "q=a%00b", GW_QUERY_UNREADABLE, "q" },
		{ "q=%ff", GW_QUERY_UNREADABLE, "q" },
		{ "q=%c0%af", GW_QUERY_UNREADABLE, "q" },
		{ "q=%ed%a0%80", GW_QUERY_UNREADABLE, "q" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[GW_PARAM_MAX];
		struct buf b;

		buf_init(&b, 1000);
		buf_str(&b, "");
		if (gw_query_json(rows[i].query, "q state sort dir page size", &b, name) !=
		    rows[i].want)
			fail_msg("%s", rows[i].query);
		assert_string_equal(rows[i].want ? name : b.data, rows[i].text);
		buf_release(&b);
	}
}

static void a_query_without_end_is_not_read(void **state)
{
	char query[4000] = "q=", name[GW_PARAM_MAX];
	struct buf b;
	(void)state;

	memset(query + 2, 'a', sizeof(query) - 3);
	buf_init(&b, 1000);
	assert_int_equal(gw_query_json(query, "q", &b, name), GW_QUERY_UNREADABLE);
	memset(query, 'q', sizeof(query) - 1);
	assert_int_equal(gw_query_json(query, "q", &b, name), GW_QUERY_UNREADABLE);
	assert_int_equal(gw_query_json("a=1", NULL, &b, name), GW_QUERY_UNKNOWN);
	buf_release(&b);
}

static void one_cookie_is_taken_and_no_other(void **state)
{
	static const struct {
		const char *header, *value; /* NULL: none */
	} rows[] = {
		{ "sid=1", "1" },
		{ "a=2; sid=1; b=3", "1" },
		{ "a=2;sid=1", "1" },
		{ "sid=", "" },
		{ "sid=a=b", "a=b" },
		{ "", NULL },
		{ "sid", NULL },
		{ "SID=1", NULL },
		{ "xsid=1", NULL },
		{ "sidx=1", NULL },
		{ "a=sid=1", NULL },
		{ "sid=1; sid=2", NULL },
		{ "sid=1; a=2; sid=1", NULL },
		{ ";;; sid=1 ;", "1 " },
		{ "sid=123456789", NULL },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[9];

		if (gw_cookie(rows[i].header, "sid", out, sizeof(out)) != (rows[i].value != NULL))
			fail_msg("%s", rows[i].header);
		if (rows[i].value)
			assert_string_equal(out, rows[i].value);
	}
}

static bool host_key(const char *form, char out[GW_HOST_KEY_MAX])
{
	size_t len = strlen(form);
	char *copy = malloc(len ? len : 1);
	bool good;

	memcpy(copy, form, len); /* not NUL-terminated, like a body */
	good = gw_form_host_key(copy, len, out);
	free(copy);
	return good;
}

static void a_host_key_is_one_line(void **state)
{
	char key[GW_HOST_KEY_MAX];
	(void)state;

	assert_true(host_key("pub_key_rsa=x&pub_key_ed25519=ssh-ed25519+AAAAC3Nza%2Bx+root%40web%"
	                     "0A&instance_id=1",
	                     key));
	assert_string_equal(key, "ssh-ed25519 AAAAC3Nza+x root@web");
	assert_false(host_key("", key));
	assert_false(host_key("pub_key_ed25519=", key));
	assert_false(host_key("pub_key_ed25519", key));
	assert_false(host_key("pub_key_ed25519=ssh-rsa+AAAAC3NzaC1lZDI1NTE5", key));
	assert_false(host_key("pub_key_ed25519=ssh-ed25519+AAAAC3Nza%0Aevil+line+two", key));
	assert_false(host_key("pub_key_ed25519=ssh-ed25519+AAAAC3Nza%00AAAAAAAAAA", key));
	assert_false(host_key("pub_key_ed25519=ssh-ed25519+AAAAC3Nza%c3%a9AAAAAAAAAA", key));
	assert_false(host_key("xpub_key_ed25519=ssh-ed25519+AAAAC3NzaC1lZDI1NTE5", key));
}

static void a_host_key_is_not_endless(void **state)
{
	char form[2000] = "pub_key_ed25519=ssh-ed25519+", key[GW_HOST_KEY_MAX];
	size_t n = strlen(form);
	(void)state;

	memset(form + n, 'A', 700);
	assert_true(host_key(form, key));
	memset(form + n, 'A', 800);
	assert_false(host_key(form, key));
	memset(form + n, 'A', 1900);
	assert_false(host_key(form, key));
}

static void tokens_and_keys_have_a_grammar(void **state)
{
	char text[300];
	(void)state;

	memset(text, 'a', sizeof(text));
	assert_true(gw_token_ok("abcdefghijklmnopqrst", 20));
	assert_true(gw_token_ok("ABCDEFGHIJ_0123456789-", 22));
	assert_false(gw_token_ok(text, 19));
	assert_true(gw_token_ok(text, 128));
	assert_false(gw_token_ok(text, 129));
	assert_false(gw_token_ok("abcdefghijklmnopqrs%", 20));
	assert_false(gw_token_ok("abcdefghijklmnopqrs.", 20));
	assert_false(gw_token_ok("abcdefghij\xc3\xa9klmnopqr", 20));

	assert_true(gw_idem_ok("12345678"));
	assert_true(gw_idem_ok("018f-~!\"{}"));
	assert_false(gw_idem_ok("1234567"));
	assert_false(gw_idem_ok("1234 5678"));
	assert_false(gw_idem_ok("12345678\x7f"));
	text[200] = '\0';
	assert_true(gw_idem_ok(text));
	text[200] = 'a';
	text[201] = '\0';
	assert_false(gw_idem_ok(text));
}

static void the_last_forwarded_address_counts(void **state)
{
	static const char *const bad[] = { "",           " ",          "unknown",
		                           "1.2.3.4,",   "1.2.3.4, x", "1.2.3",
		                           "1.2.3.4:80", "1.2.3.4 5",  "::1::" };
	char out[GW_ADDRESS_MAX], text[200];
	(void)state;

	assert_true(gw_forwarded("192.0.2.7", out));
	assert_string_equal(out, "192.0.2.7");
	assert_true(gw_forwarded("10.0.0.1, 6.6.6.6,  2001:db8::7 ", out));
	assert_string_equal(out, "2001:db8::7");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(gw_forwarded(bad[i], out));
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(gw_forwarded(text, out));
}

static void a_coding_is_accepted_when_it_is_said(void **state)
{
	(void)state;
	assert_true(gw_accepts("gzip, deflate, br", "br"));
	assert_true(gw_accepts("br", "br"));
	assert_true(gw_accepts("BR;q=0.5", "br"));
	assert_true(gw_accepts("gzip,br ;q=1", "br"));
	assert_false(gw_accepts("gzip, deflate", "br"));
	assert_false(gw_accepts("brown", "br"));
	assert_false(gw_accepts("xbr", "br"));
	assert_false(gw_accepts("br;q=0", "br"));
	assert_false(gw_accepts("br; q=0.000, gzip", "br"));
	assert_false(gw_accepts("", "br"));
	assert_false(gw_accepts(NULL, "br"));
}

static void only_the_portals_own_origin_counts(void **state)
{
	(void)state;
	gw_conf.listen = "127.0.0.1:8080";
	gw_conf.public_url = "https://portal.example.org/";
	assert_true(gw_conf_origin("https://portal.example.org"));
	assert_true(gw_conf_origin("http://127.0.0.1:8080"));
	assert_true(gw_conf_origin("http://localhost:8080"));
	assert_false(gw_conf_origin("http://portal.example.org"));
	assert_false(gw_conf_origin("https://portal.example.org.evil.example"));
	assert_false(gw_conf_origin("https://portal.example.or"));
	assert_false(gw_conf_origin("https://evil.example/https://portal.example.org"));
	assert_false(gw_conf_origin("http://127.0.0.1:80801"));
	assert_false(gw_conf_origin("http://localhost:808"));
	assert_false(gw_conf_origin("null"));
	assert_false(gw_conf_origin(""));
	gw_conf.public_url = "";
	assert_false(gw_conf_origin(""));
	assert_true(gw_conf_origin("http://127.0.0.1:8080"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_fits_its_pattern_or_does_not),
		cmocka_unit_test(a_query_becomes_text_in_json),
		cmocka_unit_test(a_query_without_end_is_not_read),
		cmocka_unit_test(one_cookie_is_taken_and_no_other),
		cmocka_unit_test(a_host_key_is_one_line),
		cmocka_unit_test(a_host_key_is_not_endless),
		cmocka_unit_test(tokens_and_keys_have_a_grammar),
		cmocka_unit_test(the_last_forwarded_address_counts),
		cmocka_unit_test(a_coding_is_accepted_when_it_is_said),
		cmocka_unit_test(only_the_portals_own_origin_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
