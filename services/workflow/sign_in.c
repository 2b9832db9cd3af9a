#include "sign_in.h"
#include "buf.h"
#include "hash_pool.h"
#include "throttle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 2
#define MAX_WAITING 8

struct attempt {
	struct hash_job job; /* first: the pool gives this back */
	struct call *q;
	int64_t user; /* 0: nobody is called so, or may not sign in */
	struct throttle_keys keys;
	struct session_verdict verdict;
};

static struct service *svc;
static struct hash_pool *pool;
static char nobody[crypto_pwhash_STRBYTES]; /* hash of a password that nobody knows */

/* ---- answering ---------------------------------------------------------------------------- */

static void answer(struct call *q, const char *verdict, int64_t retry_after_s)
{
	const struct session_verdict v = { .verdict = verdict, .retry_after_s = retry_after_s };

	call_answer(q, &session_verdict_def, &v);
}

static int audit(struct cmd *c, const struct attempt *a, bool ok)
{
	_cleanup_(buf_release) struct buf detail = { 0 };
	char object[40], actor[40];
	struct cmd who = *c;

	buf_init(&detail, 400);
	buf_str(&detail, "{\"network\":");
	buf_json_str(&detail, a->keys.network + strlen("network:"));
	buf_str(&detail, "}");
	snprintf(object, sizeof(object), "user:%" PRId64, a->user);
	snprintf(actor, sizeof(actor), "user:%" PRId64, a->user);
	if (ok) {
		who.actor = actor;
		who.user = a->user;
	}
	return cmd_audit(&who, "session.sign_in", a->user ? object : NULL, ok ? "ok" : "denied",
	                 detail.data);
}

/* The account as it is now: it may have changed while the password was compared. */
static int still_good(struct cmd *c, struct attempt *a, bool *ret)
{
	static const struct db_query q = {
		.name = "sign_in_done",
		.sql = "UPDATE workflow.\"user\" SET signed_in_at = now(),"
		       "       password_hash = coalesce(nullif($3, ''), password_hash)"
		       " WHERE id = $1 AND password_hash = $2 AND state = 'active'"
		       "   AND totp_secret IS NULL"
		       " RETURNING generation",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(a->user), db_str(a->job.hash),
	              db_str(a->job.stronger));
	*ret = !r && db_next(&rows);
	if (*ret)
		a->verdict =
			(struct session_verdict){ .verdict = "ok",
			                          .user = a->user,
			                          .generation = db_get_i64(&rows, "generation") };
	return r;
}

static int conclude(struct cmd *c, void *arg)
{
	struct attempt *a = arg;
	bool good = false;
	int r;

	a->verdict = (struct session_verdict){ .verdict = "denied" };
	r = still_good(c, a, &good);
	if (!r)
		r = good ? throttle_succeeded(c, &a->keys) : throttle_failed(c, &a->keys);
	return r ? r : audit(c, a, good);
}

/* The body of a call is ours until it is answered. */
static void wipe(const char *secret)
{
	if (secret)
		sodium_memzero((char *)secret, strlen(secret));
}

/* A wrong password changes nothing about the account, but counts like that of an unknown name. */
static void finish(struct attempt *a)
{
	if (!a->job.matches)
		snprintf(a->job.hash, sizeof(a->job.hash), "-");
	log_correlation(call_correlation(a->q));
	if (!svc_transaction(svc, conclude, a)) {
		log_info("session.verdict", LOG_STR("verdict", a->verdict.verdict),
		         LOG_I64("user", a->user));
	} else {
		log_warn("session.undecided",
		         LOG_STR("means",
		                 "the database did not answer; the person is asked to try again"));
		a->verdict = (struct session_verdict){ .verdict = "busy", .retry_after_s = 2 };
	}
	call_answer(a->q, &session_verdict_def, &a->verdict);
	sodium_memzero(a, sizeof(*a));
	free(a);
}

static void on_done(void *arg)
{
	struct hash_job *job;

	(void)arg;
	while ((job = hash_pool_take(pool))) {
		wipe(job->password);
		finish((struct attempt *)job);
	}
}

/* ---- asking ------------------------------------------------------------------------------- */

static int find_user(const char *username, struct attempt *a)
{
	static const struct db_query q = {
		.name = "sign_in_user",
		.sql = "SELECT id, coalesce(password_hash, '') AS password_hash"
		       "  FROM workflow.\"user\" WHERE lower(username) = lower($1)",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const char *hash = nobody;
	int r;

	r = db_select(svc_db(svc), &q, &rows, db_str(username));
	if (r)
		return r;
	if (db_next(&rows)) {
		a->user = db_get_i64(&rows, "id");
		if (*db_get_str(&rows, "password_hash"))
			hash = db_get_str(&rows, "password_hash");
	}
	snprintf(a->job.hash, sizeof(a->job.hash), "%s", hash);
	return 0;
}

static void verify(struct call *q, const struct session_verify *in)
{
	struct attempt *a = xcalloc(1, sizeof(*a));
	int64_t wait = 0;
	int r;

	a->q = q;
	a->job.password = in->password;
	throttle_keys(in->username, in->network, &a->keys);
	r = throttle_wait(svc_db(svc), &a->keys, &wait);
	if (!r && !wait)
		r = find_user(in->username, a);
	if (!r && !wait && hash_pool_add(pool, &a->job))
		return;
	wipe(in->password);
	if (wait)
		answer(q, "throttled", wait);
	else
		answer(q, "busy", 2);
	free(a);
}

void on_session_verify(struct call *q, const void *body)
{
	const struct session_verify *in = body;

	if (rec_check(&session_verify_def, in, NULL))
		answer(q, "denied", 0);
	else
		verify(q, in);
}

/* ---- begin and end ------------------------------------------------------------------------ */

static int hash_of_nobody(void)
{
	char password[33];

	randombytes_buf(password, 32);
	password[32] = '\0';
	return crypto_pwhash_str(nobody, password, 32, crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                         crypto_pwhash_MEMLIMIT_INTERACTIVE)
	               ? err_origin(-ENOMEM)
	               : 0;
}

int sign_in_start(struct service *s)
{
	svc = s;
	if (hash_of_nobody())
		return -ENOMEM;
	pool = hash_pool_new(THREADS, MAX_WAITING);
	if (!pool)
		return err_origin(-EAGAIN);
	svc_watch(s, hash_pool_fd(pool), false, on_done, NULL);
	return 0;
}

bool sign_in_idle(struct service *s)
{
	(void)s;
	return hash_pool_idle(pool);
}

void sign_in_stop(void)
{
	if (!pool)
		return;
	svc_unwatch(svc, hash_pool_fd(pool));
	pool = hash_pool_free(pool);
}
