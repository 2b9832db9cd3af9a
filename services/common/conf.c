#include "conf.h"
#include "err.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void env_name(const char *name, char out[80])
{
	snprintf(out, 80, "SPS_%s", name);
	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

static const struct conf_param *find(const struct conf_param *const *tables, const char *name)
{
	for (; *tables; tables++)
		for (const struct conf_param *p = *tables; p->name; p++)
			if (!strcmp(p->name, name))
				return p;
	return NULL;
}

/* Which rows the file has named so far. */
struct named {
	const struct conf_param *row[128];
	size_t n;
};

static bool name_again(struct named *named, const struct conf_param *p)
{
	for (size_t i = 0; i < named->n; i++)
		if (named->row[i] == p)
			return true;
	if (named->n < sizeof(named->row) / sizeof(named->row[0]))
		named->row[named->n++] = p;
	return false;
}

static int refuse(const struct conf_param *p, const char *value, const char *want)
{
	fprintf(stderr, "configuration: %s is \"%s\", but must be %s (%s)\n", p->name, value, want, p->doc);
	return -EINVAL;
}

static int set_number(const struct conf_param *p, const char *value)
{
	char *end, want[80];
	int64_t n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno || !*value || *end || n < p->kind.min || n > p->kind.max) {
		snprintf(want, sizeof(want), "a whole number from %" PRId64 " to %" PRId64, p->kind.min, p->kind.max);
		return refuse(p, value, want);
	}
	*(int64_t *)p->value = n;
	return 0;
}

static int set(const struct conf_param *p, const char *value)
{
	switch (p->kind.is) {
	case CONF_TEXT:
		*(const char **)p->value = value;
		return 0;
	case CONF_NUMBER:
		return set_number(p, value);
	case CONF_FLAG:
		if (!strcmp(value, "1") || !strcmp(value, "true") || !strcmp(value, "yes"))
			*(bool *)p->value = true;
		else if (!*value || !strcmp(value, "0") || !strcmp(value, "false") || !strcmp(value, "no"))
			*(bool *)p->value = false;
		else
			return refuse(p, value, "true or false");
		return 0;
	}
	return -EINVAL;
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static int read_line(const struct conf_param *const *tables, struct named *named, const char *file, int n, char *line)
{
	char *name = trim(line), *value = strchr(name, '='), env[80];
	const struct conf_param *p;

	if (!*name || *name == '#')
		return 0;
	if (value)
		*value++ = '\0';
	p = value ? find(tables, trim(name)) : NULL;
	if (!p) {
		fprintf(stderr, "configuration: %s line %d: there is no setting called \"%s\"\n", file, n, name);
		return -EINVAL;
	}
	if (name_again(named, p)) {
		fprintf(stderr, "configuration: %s line %d: \"%s\" is there twice\n", file, n, p->name);
		return -EINVAL;
	}
	env_name(p->name, env);
	if (getenv(env)) /* the environment wins */
		return 0;
	value = trim(value);
	return set(p, p->kind.is == CONF_TEXT ? xstrdup(value) : value);
}

static int read_file(const struct conf_param *const *tables, const char *file)
{
	FILE *f = fopen(file, "re");
	_free_ char *line = NULL;
	struct named named = { .n = 0 };
	size_t room = 0;
	int r = 0;

	if (!f) {
		fprintf(stderr, "configuration: %s: %s\n", file, strerror(errno));
		return -EINVAL;
	}
	for (int n = 1; !r && getline(&line, &room, f) >= 0; n++)
		r = read_line(tables, &named, file, n, line);
	fclose(f);
	return r;
}

static int from_environment(const struct conf_param *p, bool in_file)
{
	const char *value;
	char name[80];

	env_name(p->name, name);
	value = getenv(name);
	if (!value && in_file)
		return 0;
	if (!value && !p->fallback) {
		fprintf(stderr, "configuration: %s is missing: set %s (%s)\n", p->name, name, p->doc);
		return -EINVAL;
	}
	return value ? set(p, value) : 0;
}

int conf_load(const struct conf_param *const *tables)
{
	const char *file = getenv("SPS_CONF");
	int r = 0;

	for (const struct conf_param *const *t = tables; *t; t++)
		for (const struct conf_param *p = *t; p->name && !r; p++)
			r = p->fallback ? set(p, p->fallback) : 0;
	if (!r && file)
		r = read_file(tables, file);
	for (const struct conf_param *const *t = tables; *t; t++)
		for (const struct conf_param *p = *t; p->name && !r; p++)
			r = from_environment(p, file && p->kind.is == CONF_TEXT && *(const char **)p->value);
	return r;
}

void conf_help(const struct conf_param *const *tables)
{
	char name[80];

	printf("Settings, from the environment or from the file named by SPS_CONF (name = value):\n\n");
	for (; *tables; tables++)
		for (const struct conf_param *p = *tables; p->name; p++) {
			env_name(p->name, name);
			printf("  %-28s %s", name, p->doc);
			if (p->kind.is == CONF_NUMBER)
				printf("; %" PRId64 " to %" PRId64, p->kind.min, p->kind.max);
			printf("%s%s%s\n", p->fallback ? " (default: " : " (needed)",
			       p->fallback ? (*p->fallback ? p->fallback : "empty") : "", p->fallback ? ")" : "");
		}
}
