#pragma once
/* WebSocket frames (RFC 6455 5.2) and what our clients may say; pure, without Kore. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_TEXT 1
#define WS_CLOSE 8
#define WS_PING 9

/* Why we close (RFC 6455 7.4; 4000 and up are ours). */
enum {
	WS_GOING_AWAY = 1001,
	WS_BAD = 1008,
	WS_TRY_AGAIN = 1013,
	WS_SIGNED_OUT = 4401,
	WS_TOO_SLOW = 4429,
	WS_TOO_MUCH = 4429,
};

/* Is this the opening of version 13? @version and @key may be NULL. */
bool gw_ws_handshake_ok(const char *upgrade, const char *version, const char *key);

/* Writes the head of an unmasked frame of @len bytes; returns its length (2, 4 or 10). */
size_t gw_ws_head(uint8_t op, size_t len, uint8_t out[10]);

enum gw_op { GW_OP_BAD, GW_OP_SUB, GW_OP_UNSUB, GW_OP_ACK, GW_OP_PING };
#define GW_TOPIC_MAX 64
/* Reads one client message, at most 512 bytes of JSON. The topic is checked: a-z 0-9 / only. */
enum gw_op gw_ws_parse(const void *data, size_t len, char topic[GW_TOPIC_MAX]);
