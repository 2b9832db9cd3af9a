#pragma once

/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);
