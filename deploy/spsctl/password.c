#include "password.h"
#include "ctl.h"
#include "record.h"
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GROUPS 4
#define GROUP 5
#define LINE_MAX_BYTES (PASSWORD_MAX * 4 + 2)

static char *guarded(size_t size)
{
	char *p = sodium_malloc(size);

	if (!p)
		abort();
	return p;
}

char *password_generate(void)
{
	static const char letters[] = "23456789abcdefghjkmnpqrstuvwxyz";
	char *out = guarded(GROUPS * (GROUP + 1)), *p = out;

	for (int i = 0; i < GROUPS * GROUP; i++) {
		if (i && i % GROUP == 0)
			*p++ = '-';
		*p++ = letters[randombytes_uniform(sizeof(letters) - 1)];
	}
	*p = '\0';
	return out;
}

char *password_from_stdin(void)
{
	char *line = guarded(LINE_MAX_BYTES);

	if (!fgets(line, LINE_MAX_BYTES, stdin)) {
		secret_free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

bool password_good(const char *password, const char *username, const char *email)
{
	size_t n = characters(password);

	if (!rec_utf8_valid(password, strlen(password)))
		return ctl_refuse("the password is not valid UTF-8");
	if (n < PASSWORD_MIN || n > PASSWORD_MAX)
		return ctl_refuse("the password has %zu characters; it needs %d to %d", n,
		                  PASSWORD_MIN, PASSWORD_MAX);
	if (!strcasecmp(password, username) || !strcasecmp(password, email))
		return ctl_refuse("the password must not be the user name or the e-mail address");
	return true;
}

bool password_hash(const char *password, char out[crypto_pwhash_STRBYTES])
{
	if (!crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                       crypto_pwhash_MEMLIMIT_INTERACTIVE))
		return true;
	return ctl_refuse("hashing the password needs 64 MiB of memory, which this machine did not "
	                  "give");
}
