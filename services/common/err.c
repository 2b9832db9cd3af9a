#include "err.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void trace(const char *what, const char *func, const char *file, int line)
{
	char at[256];

	snprintf(at, sizeof(at), "%s %s:%d", func, file, line);
	log_error("failure", LOG_STR("trace", what), LOG_STR("at", at));
}

int err_origin_(int r, const char *func, const char *file, int line)
{
	if (r > 0)
		r = -ENOTRECOVERABLE;
	if (r)
		trace(strerror(-r), func, file, line);
	return r;
}

int err_trace_(int r, const char *func, const char *file, int line)
{
	if (r < 0)
		trace("", func, file, line);
	return r;
}

int err_fold_(int r, const char *func, const char *file, int line)
{
	return r > 0 ? err_origin_(r, func, file, line) : err_trace_(r, func, file, line);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *p = strndup(s, n);

	if (!p)
		abort();
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

void cleanup_free(void *p)
{
	free(*(void **)p);
}
