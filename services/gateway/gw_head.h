#pragma once
/*
 * The head of a request, checked before Kore's parser sees it (RFC 9112). Kore
 * 4.1 drops, guesses or hangs where a request must be refused: two lengths,
 * bodies of GETs, pipelined requests, more headers than it keeps. What it would
 * refuse itself is refused here first, because its own refusals carry none of
 * our headers. Pure functions on bytes, without Kore.
 */
#include <stddef.h>
#include <stdint.h>

enum gw_head {
	GW_HEAD_OK = 0,
	GW_HEAD_MORE = 1, /* not complete yet */
	/* else the HTTP status to refuse with: 400, 411, 413, 414, 417, 431, 501, 505 */
};

#define GW_HEADERS_MAX 23  /* Kore keeps no more, and drops the rest silently */
#define GW_TARGET_MAX 1900 /* Kore: HTTP_URI_LEN */

/* @data holds everything received so far; @body_max bounds Content-Length. */
int gw_head_check(const uint8_t *data, size_t len, size_t head_max, size_t body_max);

/*
 * Takes the headers without a value out of a head that is GW_HEAD_OK, because Kore
 * refuses them; to us an empty header and an absent one are the same. Returns what is
 * left of @len: the head is shorter, and what follows it has moved up.
 */
size_t gw_head_strip(uint8_t *data, size_t len);
