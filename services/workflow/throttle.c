#include "throttle.h"
#include "secret.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TIDY_MS 60000

/* Names are ASCII (a CHECK of the table): folding ASCII gives one key per account.
 */
static void account_key(const char *username, char out[80])
{
	char folded[400], hex[65];
	size_t n = strnlen(username, sizeof(folded) - 1);

	for (size_t i = 0; i < n; i++)
		folded[i] = (char)tolower((unsigned char)username[i]);
	folded[n] = '\0';
	secret_hash_hex(folded, hex);
	snprintf(out, 80, "account:%s", hex);
}

static void network_key(const char *network, char out[64])
{
	struct in6_addr six;
	struct in_addr four;
	char text[INET6_ADDRSTRLEN];

	if (network && inet_pton(AF_INET, network, &four) == 1) {
		inet_ntop(AF_INET, &four, text, sizeof(text));
		snprintf(out, 64, "network:%s", text);
	} else if (network && inet_pton(AF_INET6, network, &six) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&six)) {
			inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof(text));
			snprintf(out, 64, "network:%s", text);
			return;
		}
		memset(&six.s6_addr[8], 0, 8); /* one household or server is a /64 */
		inet_ntop(AF_INET6, &six, text, sizeof(text));
		snprintf(out, 64, "network:%s/64", text);
	} else {
		snprintf(out, 64, "network:unknown");
	}
}

void throttle_keys(const char *username, const char *network, struct throttle_keys *ret)
{
	account_key(username, ret->account);
	network_key(network, ret->network);
}

int throttle_wait(struct db *db, const struct throttle_keys *k, int64_t *ret_s)
{
	static const struct db_query q = {
		.name = "throttle_wait",
		.sql = "SELECT coalesce(max(ceil(extract(epoch FROM until - now()))), 0)::bigint"
		       "       AS s FROM workflow.login_throttle WHERE key IN ($1, $2) AND until > "
		       "now()",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(db, &q, &rows, db_str(k->account), db_str(k->network));
	if (!r && db_next(&rows))
		*ret_s = db_get_i64(&rows, "s");
	return r;
}

/* Some failures are free; then 1, 2, 4 … seconds up to a ceiling. A network may be a whole office.
 */
int throttle_failed(struct cmd *c, const struct throttle_keys *k)
{
	static const struct db_query q = {
		.name = "throttle_failed",
		.sql = "INSERT INTO workflow.login_throttle AS t (key, failures) VALUES ($1, 1)"
		       " ON CONFLICT (key) DO UPDATE SET failed_at = now(),"
		       "     failures = CASE WHEN t.failed_at < now() - interval '1 day' THEN 1"
		       "         ELSE t.failures + 1 END,"
		       "     until = now() + CASE WHEN t.failures + 1 < $2::int THEN interval '0' "
		       "ELSE"
		       "         least($3::int, power(2, least(t.failures + 1 - $2::int, 20)))"
		       "         * interval '1 s' END",
	};
	int r;

	r = db_exec(c->db, &q, NULL, db_str(k->account), db_i64(5), db_i64(300));
	return r ? r : db_exec(c->db, &q, NULL, db_str(k->network), db_i64(20), db_i64(900));
}

int throttle_succeeded(struct cmd *c, const struct throttle_keys *k)
{
	static const struct db_query q = {
		.name = "throttle_succeeded",
		.sql = "DELETE FROM workflow.login_throttle WHERE key = $1",
	};

	return db_exec(c->db, &q, NULL, db_str(k->account));
}

static void tidy(void *arg)
{
	static const struct db_query q = {
		.name = "throttle_tidy",
		.sql = "DELETE FROM workflow.login_throttle"
		       " WHERE failed_at < now() - interval '1 day'",
	};

	db_exec(svc_db(arg), &q, NULL);
}

void throttle_start(struct service *s)
{
	svc_timer(s, TIDY_MS, tidy, s);
}
