#pragma once
/* The gateway's own bus key and everybody's public keys. It has no key that opens a secret. */
#include "keys.h"

const struct keys *gw_keys(void);
