#include "keyscan.h"

#include <string.h>

/* One line "HOST ssh-ed25519 AAAA…" */
static bool read_line(const char *line, size_t len, const char *host, char ret_key[SSH_HOST_KEY])
{
	size_t n = strlen(host);

	return len > n + 1 && !memcmp(line, host, n) && line[n] == ' ' &&
	       openssh_public_read(line + n + 1, len - n - 1, ret_key);
}

bool keyscan_read(const char *text, size_t len, const char *host, char ret_key[SSH_HOST_KEY])
{
	bool found = false;

	if (len > KEYSCAN_MAX || memchr(text, '\0', len))
		return false;
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		if (n && *text != '#') {
			if (found || !read_line(text, n, host, ret_key))
				return false;
			found = true;
		}
		n += nl ? 1 : 0;
		text += n;
		len -= n;
	}
	return found;
}
