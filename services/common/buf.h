#pragma once
/*
 * A growing string with a ceiling. Always NUL-terminated; data is never NULL
 * after the first append. Appending past the ceiling drops the rest and sets
 * .cut, so that nothing a peer sends can make us grow without bound.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;
	size_t len, room, max;
	bool cut;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* accepts a zeroed struct; usable with _cleanup_ */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends @s as a JSON string with its quotes; NULL becomes null. Bad UTF-8 becomes U+FFFD. */
void buf_json_str(struct buf *b, const char *s);
void buf_json_strn(struct buf *b, const char *s, size_t n);
