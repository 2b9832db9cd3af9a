#pragma once
/*
 * The host key's way home: cloud-init on the new server reports its host key to
 * an address that only this order knows. The token in it is derived from the
 * operation and the order's number, so that an order that is sent again says the same.
 */
#include "buf.h"

#include <stdint.h>

#define PHONE_HOME_TOKEN 41 /* 40 hex digits and the NUL */

void phone_home_token(const uint8_t storage_key[32], const char *op, int64_t order,
                      char out[PHONE_HOME_TOKEN]);
/* The user_data of a create. */
void phone_home_user_data(struct buf *out, const char *public_url, const char *token);
