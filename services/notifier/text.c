#include "text.h"

#include <string.h>

/* @p is at a '{'. The value of the place, "" for none; *ret_after is behind its '}'. */
static const char *value_at(const char *p, const struct text_var *vars, const char **ret_after)
{
	size_t len = strcspn(p + 1, "}");

	*ret_after = p + 1 + len + (p[1 + len] == '}');
	for (; vars->name; vars++)
		if (strlen(vars->name) == len && !strncmp(vars->name, p + 1, len))
			return vars->value ? vars->value : "";
	return "";
}

static bool complete(const char *p, const char *end, const struct text_var *vars)
{
	while (p < end) {
		const char *after = p + 1;

		if (*p == '{' && !*value_at(p, vars, &after))
			return false;
		p = after;
	}
	return true;
}

static void fill_part(struct buf *out, const char *p, const char *end, const struct text_var *vars)
{
	while (p < end) {
		size_t plain = strcspn(p, "{");

		if (plain > (size_t)(end - p))
			plain = (size_t)(end - p);
		buf_add(out, p, plain);
		p += plain;
		if (p < end)
			buf_str(out, value_at(p, vars, &p));
	}
}

void text_fill(struct buf *out, const char *sentence, const struct text_var *vars)
{
	const char *p = sentence;

	buf_str(out, "");
	while (*p) {
		size_t plain = strcspn(p, "[");
		const char *open = p + plain, *close = strchr(open, ']');

		if (!close)
			close = open + strlen(open);
		fill_part(out, p, open, vars);
		if (*open && complete(open + 1, close, vars))
			fill_part(out, open + 1, close, vars);
		p = *close ? close + 1 : close;
	}
}
