/* The form a new server sends before anybody knows it: a host key of one line, or nothing. */
#include "services/gateway/gw_path.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char key[GW_HOST_KEY_MAX], small[16];
	size_t n;

	if (gw_form_field((const char *)data, len, "a", small, sizeof(small)) &&
	    !rec_utf8_valid(small, strlen(small)))
		abort();
	if (!gw_form_host_key((const char *)data, len, key))
		return 0;
	n = strlen(key);
	if (n < 20 || n > 800 || strncmp(key, "ssh-ed25519 ", 12) || strpbrk(key, "\r\n\t\x7f"))
		abort();
	return 0;
}
