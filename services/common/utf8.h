#pragma once
/*
 * Shortening text without cutting through a character
 *
 * PostgreSQL refuses text that ends inside a UTF-8 sequence, and JSON readers
 * show a sign for it. The text given is taken to be UTF-8; only its end is looked
 * at, so bytes that were wrong before stay wrong.
 */
#include <stddef.h>

/*
 * Bytes of the longest beginning of @s that has at most @max bytes and ends with
 * a whole character. Nothing behind the first NUL or @max bytes is read.
 */
size_t utf8_cut(const char *s, size_t max);
/* snprintf() whose result, when it does not fit, ends with a whole character. Answers its length.
 */
size_t utf8_snprintf(char *out, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
