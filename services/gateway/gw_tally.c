#include "gw_tally.h"

#include "err.h"

#include <stdlib.h>
#include <string.h>

struct gw_tally_entry {
	struct gw_tally_key key;
	int64_t n;
	LIST_ENTRY(gw_tally_entry) link;
};

struct gw_tally_key gw_tally_number(int64_t n)
{
	struct gw_tally_key key = { { 0 } };

	memcpy(key.byte, &n, sizeof(n));
	return key;
}

/* FNV-1a. Who can choose keys must still hold each of them: chains cannot grow beyond what is open.
 */
static unsigned bucket_of(const struct gw_tally_key *key)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(key->byte); i++)
		h = (h ^ key->byte[i]) * 16777619u;
	return h % GW_TALLY_BUCKETS;
}

static struct gw_tally_entry *find(struct gw_tally *t, const struct gw_tally_key *key)
{
	struct gw_tally_entry *e;

	LIST_FOREACH (e, &t->bucket[bucket_of(key)], link)
		if (!memcmp(&e->key, key, sizeof(*key)))
			return e;
	return NULL;
}

bool gw_tally_enter(struct gw_tally *t, struct gw_tally_key key, int64_t most)
{
	struct gw_tally_entry *e = find(t, &key);

	if (e && e->n >= most)
		return false;
	if (!e) {
		e = xcalloc(1, sizeof(*e));
		e->key = key;
		LIST_INSERT_HEAD(&t->bucket[bucket_of(&key)], e, link);
	}
	e->n++;
	return true;
}

void gw_tally_leave(struct gw_tally *t, struct gw_tally_key key)
{
	struct gw_tally_entry *e = find(t, &key);

	if (!e || --e->n)
		return;
	LIST_REMOVE(e, link);
	free(e);
}
