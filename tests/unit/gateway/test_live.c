/* WebSocket frames, what clients may say, who watches what. */
#include "unit.h"

#include "gw_topics.h"
#include "gw_ws.h"

#include <stdlib.h>
#include <string.h>

static void frames_have_the_shortest_head(void **state)
{
	uint8_t head[10];
	(void)state;

	assert_int_equal(gw_ws_head(WS_TEXT, 0, head), 2);
	assert_memory_equal(head, "\x81\x00", 2);
	assert_int_equal(gw_ws_head(WS_TEXT, 125, head), 2);
	assert_memory_equal(head, "\x81\x7d", 2);
	assert_int_equal(gw_ws_head(WS_TEXT, 126, head), 4);
	assert_memory_equal(head, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(gw_ws_head(WS_TEXT, 65535, head), 4);
	assert_memory_equal(head, "\x81\x7e\xff\xff", 4);
	assert_int_equal(gw_ws_head(WS_CLOSE, 65536, head), 10);
	assert_memory_equal(head, "\x88\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

static enum gw_op parse(const char *text, size_t len, char topic[GW_TOPIC_MAX])
{
	char *copy = malloc(len ? len : 1);
	enum gw_op op;

	memcpy(copy, text, len);
	op = gw_ws_parse(copy, len, topic);
	free(copy);
	return op;
}

static void clients_say_four_things(void **state)
{
	static const struct {
		const char *text;
		enum gw_op want;
	} rows[] = {
		{ "{\"op\":\"sub\",\"topic\":\"request/42\"}", GW_OP_SUB },
		{ "{\"op\":\"sub\",\"topic\":\"run/88/log\"}", GW_OP_SUB },
		{ "{\"op\":\"unsub\",\"topic\":\"me\"}", GW_OP_UNSUB },
		{ "{\"op\":\"ack\",\"topic\":\"me\",\"seq\":4}", GW_OP_ACK },
		{ "{\"op\":\"ping\"}", GW_OP_PING },
		{ "{\"op\":\"sub\"}", GW_OP_BAD },
		{ "{\"op\":\"sub\",\"topic\":\"\"}", GW_OP_BAD },
		{ "{\"op\":\"sub\",\"topic\":42}", GW_OP_BAD },
		{ "{\"op\":\"sub\",\"topic\":\"session/sess:00\"}", GW_OP_BAD },
		{ "{\"op\":\"sub\",\"topic\":\"a\\\"b\"}", GW_OP_BAD },
		{ "{\"op\":\"sub\",\"topic\":\"me\",\"topic\":\"requests\"}", GW_OP_BAD },
		{ "{\"op\":\"sub\",\"topic\":"
		  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
		  GW_OP_BAD },
		{ "{\"op\":\"publish\",\"topic\":\"me\"}", GW_OP_BAD },
		{ "{\"op\":\"ping\"", GW_OP_BAD },
		{ "{\"op\":\"pi\xffng\"}", GW_OP_BAD },
		{ "[]", GW_OP_BAD },
		{ "", GW_OP_BAD },
	};
	char topic[GW_TOPIC_MAX];
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse(rows[i].text, strlen(rows[i].text), topic) != rows[i].want)
			fail_msg("%s", rows[i].text);
	assert_int_equal(parse("{\"op\":\"ping\"}\0", 14, topic), GW_OP_BAD);
	parse(rows[1].text, strlen(rows[1].text), topic);
	assert_string_equal(topic, "run/88/log");
}

static void a_message_of_any_depth_or_length_is_survived(void **state)
{
	char text[600], topic[GW_TOPIC_MAX];
	(void)state;

	memset(text, '[', sizeof(text));
	assert_int_equal(parse(text, 512, topic), GW_OP_BAD);
	assert_int_equal(parse(text, sizeof(text), topic), GW_OP_BAD);
}

static void a_handshake_is_of_version_13(void **state)
{
	static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
	(void)state;

	assert_true(gw_ws_handshake_ok("websocket", "13", key));
	assert_true(gw_ws_handshake_ok("WebSocket", "13", key));
	assert_false(gw_ws_handshake_ok("h2c", "13", key));
	assert_false(gw_ws_handshake_ok("websocket", "8", key));
	assert_false(gw_ws_handshake_ok("websocket", NULL, key));
	assert_false(gw_ws_handshake_ok("websocket", "13", NULL));
	assert_false(gw_ws_handshake_ok("websocket", "13", "x"));
	assert_false(gw_ws_handshake_ok("websocket", "13", "dGhlIHNhbXBsZSBub25jZQ=!"));
}

static void count(struct gw_watch *w, void *arg)
{
	(void)w;
	++*(int *)arg;
}

static int watchers(const char *topic)
{
	int n = 0;

	gw_topics_each(topic, count, &n);
	return n;
}

static void remove_it(struct gw_watch *w, void *arg)
{
	(void)arg;
	gw_topics_remove(w);
}

static void frames_go_to_those_who_watch(void **state)
{
	static struct gw_watch a, b, c;
	(void)state;

	gw_topics_add(&a, "request/1");
	gw_topics_add(&b, "request/1");
	gw_topics_add(&c, "me/7");
	assert_int_equal(watchers("request/1"), 2);
	assert_int_equal(watchers("me/7"), 1);
	assert_int_equal(watchers("request/2"), 0);
	gw_topics_add(&a, "request/1"); /* asked again: still once */
	assert_int_equal(watchers("request/1"), 2);
	gw_topics_add(&a, "request/2"); /* moved */
	assert_int_equal(watchers("request/1"), 1);
	assert_int_equal(watchers("request/2"), 1);
	gw_topics_each("request/2", remove_it, NULL);
	assert_int_equal(watchers("request/2"), 0);
	gw_topics_remove(&a);
	gw_topics_remove(&b);
	gw_topics_remove(&c);
	assert_int_equal(watchers("request/1") + watchers("me/7"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_have_the_shortest_head),
		cmocka_unit_test(clients_say_four_things),
		cmocka_unit_test(a_message_of_any_depth_or_length_is_survived),
		cmocka_unit_test(a_handshake_is_of_version_13),
		cmocka_unit_test(frames_go_to_those_who_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
