#pragma once
/*
 * Bytes into lines
 *
 * A line ends with \n (a \r before it is dropped) or after LINES_LONGEST bytes;
 * a line that long goes on in the next one, never in the middle of a character.
 * NUL bytes become 0xff, which is not UTF-8 and so is shown as the sign for
 * unreadable text like other broken bytes.
 */
#include <stddef.h>

#define LINES_LONGEST (64 * 1024)

struct lines {
	void (*on_line)(void *arg, const char *text, size_t len);
	void *arg;
	char *data;
	size_t n;
};

void lines_feed(struct lines *l, const char *data, size_t len);
void lines_end(struct lines *l); /* what is left without a line end is a line too */
void lines_release(struct lines *l);
