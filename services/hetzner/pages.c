#include "pages.h"

void pages_start(struct pages *p)
{
	*p = (struct pages){ .page = 1 };
}

/* {"servers":[…],"meta":{…}}: the list is the only array. NULL: this is not a list. */
static const json_t *list_of(const json_t *root)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)root, name,
	                    value) if (json_is_array(value)) return value;
	return NULL;
}

static int64_t id_at(const json_t *list, size_t i)
{
	return json_integer_value(json_object_get(json_array_get(list, i), "id"));
}

/*
 * Brent's way to find a circle, with one number as memory: the mark moves to
 * pages that are ever further apart, and in a circle one of them comes again.
 */
static bool seen_before(struct pages *p, const json_t *list)
{
	for (size_t i = 0; p->mark && i < json_array_size(list); i++)
		if (id_at(list, i) == p->mark)
			return true;
	if (!(p->page & (p->page - 1)))
		p->mark = id_at(list, 0);
	return false;
}

int pages_turn(struct pages *p, const json_t *root, int64_t next)
{
	if (seen_before(p, list_of(root)))
		return ANSWER_E_BAD;
	if (next && (next != p->page + 1 || next > PAGES_MAX))
		return ANSWER_E_BAD;
	p->page = next;
	return 0;
}
