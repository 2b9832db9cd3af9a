#pragma once
/*
 * Sentences with places to fill in
 *
 *     "{actor} rejected the server {name}.[ The reason: {detail}]"
 *
 * {word} becomes the value of that name. A part in brackets is left out when a
 * value in it is empty. Values are put in as they are and never looked through
 * for more places, so people may type braces. Parts in brackets do not nest.
 */
#include "buf.h"

struct text_var {
	const char *name, *value; /* value may be NULL: empty */
};

/* @vars ends with a NULL name. A place nobody has a value for stays empty. */
void text_fill(struct buf *out, const char *sentence, const struct text_var *vars);
