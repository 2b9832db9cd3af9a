#pragma once
/*
 * Known secrets, kept out of what a run prints
 *
 * Works on the stream of bytes before it is cut into lines, so a secret is
 * found however it was chopped up on the way. The result does not depend on how
 * the stream was chopped: at each place the longest secret wins. Bytes that may
 * be the beginning of one are held back until it is known.
 */
#include <stdbool.h>
#include <stddef.h>

#define MASK_SHORTEST 8 /* shorter words would hide half of the log */
#define MASK_TEXT "********"

struct mask; /* the secrets; one per run */

struct mask *mask_new(void);
struct mask *mask_free(struct mask *m); /* zeroes; accepts NULL, returns NULL */
/* Too short ones are ignored: false. */
bool mask_add(struct mask *m, const char *secret, size_t len);
/* Each line of a text of its own: what is printed is rarely all of it. */
void mask_add_lines(struct mask *m, const char *text);

typedef void (*mask_out)(void *arg, const char *data, size_t len);

struct mask_stream {
	const struct mask *mask;
	mask_out out;
	void *arg;
	char *held;
	size_t n, room;
};

void mask_feed(struct mask_stream *s, const char *data, size_t len);
void mask_end(struct mask_stream *s); /* gives out what is held; the stream may begin anew */
void mask_stream_release(struct mask_stream *s);
