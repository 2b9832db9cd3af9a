#pragma once
/*
 * One-dimensional arrays in PostgreSQL's text notation, element by element
 * (https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO)
 *
 * Start with an empty struct buf, add elements, end it with pg_array_end(), and
 * bind it as a text parameter. An array without elements becomes {}.
 */
#include "buf.h"

/* A number, uuid or boolean, written as it is; NULL becomes an SQL NULL. */
void pg_array_raw(struct buf *b, const char *element);
/* Any text, quoted; NULL becomes an SQL NULL. */
void pg_array_str(struct buf *b, const char *element);
/* An element of bytea[]. */
void pg_array_bytes(struct buf *b, const void *data, size_t len);
void pg_array_end(struct buf *b);
