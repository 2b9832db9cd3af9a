#pragma once
/* cmocka needs these four in this order; every unit test starts with this header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
