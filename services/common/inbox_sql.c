#include "service_impl.h"

#define COLUMNS \
	"id, event, type, agg, attempt, actor, generation, corr, body"

/* Whether a person may, in the same statement: $2 are types, $3 their actions (service_authz.c). */
#define VERDICT                                                                                               \
	"a.action IS NOT NULL AS asked, CASE WHEN a.action IS NOT NULL THEN authz.check(substr(c.actor, 6)::bigint," \
	" c.generation, a.action, coalesce(split_part(c.agg, ':', 2)::bigint, 0)) END AS verdict"
#define ASKED                                                                                                 \
	"CROSS JOIN LATERAL (SELECT CASE WHEN c.actor LIKE 'user:%' AND (c.agg IS NULL OR c.agg ~ '^[a-z_]+:[0-9]{1,18}$')" \
	" THEN ($3::text[])[array_position($2::text[], c.type)] END AS action) a"

#define INBOX(s)                                                                                              \
	{                                                                                                     \
		.schema = s,                                                                                  \
		.claim = { .name = s "_claim", .sql = "SELECT " COLUMNS ", " VERDICT " FROM " s ".claim($1::uuid[]) c " ASKED }, \
		.finish = { .name = s "_finish",                                                              \
			    .sql = "SELECT f AS id FROM " s                                                   \
				   ".finish($1::uuid[], $2::smallint[], $3::smallint[], $4::bytea[], $5::text[], $6::uuid) f" }, \
		.retry = { .name = s "_retry", .sql = "SELECT " s ".retry($1::uuid, $2, $3::uuid)" },         \
		.defer = { .name = s "_defer", .sql = "SELECT " s ".defer($1::uuid, $2::uuid)" },             \
		.release_own = { .name = s "_release_own", .sql = "SELECT " s ".release_own($1::uuid) AS n" }, \
		.sweep = { .name = s "_sweep",                                                                \
			   .sql = "SELECT " COLUMNS ", false AS asked, NULL::text AS verdict FROM " s         \
				  ".sweep($1::uuid, $2::bigint * interval '1 ms', $3::int, $4::boolean)" },   \
		.release_dead = { .name = s "_release", .sql = "SELECT " s ".release_dead(200) AS n" },       \
		.purge = { .name = s "_purge", .sql = "SELECT " s ".purge(interval '30 days', 1000) AS n" },  \
		.state = { .name = s "_state",                                                                \
			   .sql = "SELECT id, state, result FROM " s                                          \
				  ".inbox WHERE id = ANY ($1::uuid[]) AND state > 1" },                       \
	}

static const struct inbox_sql all[] = { INBOX("workflow"), INBOX("hetzner"), INBOX("runner"), INBOX("notifier") };

const struct inbox_sql *inbox_sql(const char *schema)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].schema, schema))
			return &all[i];
	return NULL;
}
