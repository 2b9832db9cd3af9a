#pragma once
/*
 * UUID version 7 (RFC 9562 5.7): 48 bits of milliseconds, then randomness, so
 * that ids made later sort later and an index on them stays dense.
 */
#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT 37 /* 36 characters and the NUL */

void uuid7(char out[UUID_TEXT]);
bool uuid_parse(const char *text, uint8_t out[16]); /* lower or upper case, with dashes */
void uuid_format(const uint8_t in[16], char out[UUID_TEXT]);
