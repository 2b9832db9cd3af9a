#include "gw_session.h"

#include "err.h"
#include "gw_bus.h"
#include "gw_co.h"
#include "gw_conf.h"
#include "gw_db.h"
#include "gw_live.h"
#include "gw_redis.h"
#include "gw_routes.h"
#include "log.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COOKIE "__Host-sid"
#define VERIFY_MS 8000

static void key_of(const char *sid, char out[96])
{
	uint8_t hash[32];
	char hex[65];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)sid, strlen(sid), NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(out, 96, "sess:%s", hex);
}

/* The key of the session that the request's cookie names; it need not exist. */
static bool key_of_cookie(struct gw_rq *rq, char out[96])
{
	const char *cookies = gw_request_header(rq, "cookie");
	char sid[80];

	if (!cookies || !gw_cookie(cookies, COOKIE, sid, sizeof(sid)) || strlen(sid) != 64 ||
	    strspn(sid, "0123456789abcdef") != 64)
		return false;
	key_of(sid, out);
	return true;
}

bool gw_session_parse(const char *json, struct gw_session *ret, int64_t now)
{
	json_error_t err;
	json_t *j = json_loads(json, JSON_REJECT_DUPLICATES, &err);
	json_int_t user = 0, generation = 0, created = 0;
	const char *csrf = NULL;
	bool good;

	good = j &&
	       !json_unpack(j, "{s:I,s:I,s:I,s:s}", "user", &user, "generation", &generation,
	                    "created", &created, "csrf", &csrf) &&
	       user > 0 && strlen(csrf) == 64 && created <= now &&
	       now - created < GW_SESSION_LONGEST_S;
	if (good) {
		ret->user = user;
		ret->generation = generation;
		ret->created = created;
		snprintf(ret->csrf, sizeof(ret->csrf), "%s", csrf);
	}
	json_decref(j);
	return good;
}

static void clear_cookie(struct gw_rq *rq)
{
	gw_header(rq, "set-cookie",
	          COOKIE "=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict");
}

static void please_sign_in(struct gw_rq *rq)
{
	gw_problem(rq, 401, NULL, "You are not signed in, or your session has ended.");
}

void gw_session_over(struct gw_rq *rq)
{
	if (rq->session.key[0]) {
		if (gw_redis_del(rq->session.key) == GW_REDIS_GONE)
			return;
		gw_live_session_over(rq->session.key);
	}
	clear_cookie(rq);
	please_sign_in(rq);
}

int gw_session_require(struct gw_rq *rq)
{
	_free_ char *stored = NULL;
	char key[96];

	/* API tokens do not exist yet; one that is sent must not fall back to a cookie */
	if (gw_request_header(rq, "authorization") || !key_of_cookie(rq, key)) {
		please_sign_in(rq);
		return 401;
	}
	switch (gw_redis_get(key, GW_SESSION_IDLE_S, &stored)) {
	case GW_REDIS_GONE:
		return -1;
	case GW_REDIS_AWAY:
		gw_problem_said(
			rq, 503, NULL, NULL,
			"Sessions cannot be looked up right now. Try again in a few seconds.");
		return 503;
	case GW_REDIS_NONE:
		please_sign_in(rq);
		return 401;
	case GW_REDIS_OK:
		break;
	}
	if (!stored || !gw_session_parse(stored, &rq->session, time(NULL))) {
		please_sign_in(rq);
		return 401;
	}
	memcpy(rq->session.key, key, sizeof(key));
	return 0;
}

/* Same origin: what the browser says, when it says something. */
bool gw_origin_ok(struct gw_rq *rq, bool required)
{
	const char *origin = gw_request_header(rq, "origin"),
		   *site = gw_request_header(rq, "sec-fetch-site");

	if (site && strcmp(site, "same-origin") && strcmp(site, "none"))
		return false;
	return origin ? gw_conf_origin(origin) : !required;
}

bool gw_session_same_site(struct gw_rq *rq, bool need_token)
{
	const char *token = gw_request_header(rq, "x-csrf-token");
	bool good = gw_origin_ok(rq, false);

	if (good && need_token)
		good = token && strlen(token) == 64 && !sodium_memcmp(token, rq->session.csrf, 64);
	if (!good)
		gw_problem(rq, 403, "cross_site",
		           "This request did not come from the portal's own page. Reload the page "
		           "and try again.");
	return good;
}

/* ---- signing in --------------------------------------------------------------------------- */

/* What GET /session answers: the database's part, and what only the gateway knows. */
static void answer_session(struct gw_rq *rq, int status, const char *json)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	time_t until = (time_t)(rq->session.created + GW_SESSION_LONGEST_S);
	char text[32];
	struct tm tm;

	gmtime_r(&until, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_init(&b, 1 << 20);
	buf_add(&b, json, strlen(json) - 1); /* without the closing brace */
	buf_fmt(&b, ", \"csrf\": \"%s\", \"expires_at\": \"%s\"}", rq->session.csrf, text);
	gw_reply_json(rq, status, b.data);
}

static void read_session(struct gw_rq *rq, int status)
{
	char user[24], generation[24];
	const char *values[3] = { user, generation, "{}" };
	struct gw_db_answer a;

	snprintf(user, sizeof(user), "%" PRId64, rq->session.user);
	snprintf(generation, sizeof(generation), "%" PRId64, rq->session.generation);
	a = gw_db("api.session_get", 3, values);
	if (a.code != GW_DB_OK)
		gw_read_failed(rq, &a);
	else if (PQntuples(a.res) && !PQgetisnull(a.res, 0, 0))
		answer_session(rq, status, PQgetvalue(a.res, 0, 0));
	else
		gw_problem_broken(rq);
	gw_db_release(&a);
}

void gw_session_get(struct gw_rq *rq)
{
	read_session(rq, 200);
}

void gw_session_delete(struct gw_rq *rq)
{
	switch (gw_redis_del(rq->session.key)) {
	case GW_REDIS_GONE:
		break;
	case GW_REDIS_AWAY: /* the session would live on: say so */
		gw_problem_said(
			rq, 503, NULL, NULL,
			"Signing out is not possible right now. Try again in a few seconds.");
		break;
	case GW_REDIS_OK:
	case GW_REDIS_NONE:
		gw_live_session_over(rq->session.key);
		clear_cookie(rq);
		gw_header(rq, "clear-site-data", "\"cache\", \"storage\"");
		gw_header(rq, "cache-control", "no-store");
		gw_reply_empty(rq, 204);
	}
}

static void random_hex(char out[65])
{
	uint8_t bytes[32];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(out, 65, bytes, sizeof(bytes));
}

static bool keep_session(struct gw_rq *rq, const struct session_verdict *v)
{
	char sid[65], json[320], cookie[160], before[96];
	enum gw_redis_code code;

	random_hex(sid);
	random_hex(rq->session.csrf);
	rq->session.user = v->user;
	rq->session.generation = v->generation;
	rq->session.created = time(NULL);
	key_of(sid, rq->session.key);
	snprintf(json, sizeof(json),
	         "{\"user\":%" PRId64 ",\"generation\":%" PRId64 ",\"created\":%" PRId64
	         ",\"csrf\":\"%s\",\"address\":\"%s\"}",
	         v->user, v->generation, rq->session.created, rq->session.csrf, rq->peer);
	code = gw_redis_set(rq->session.key, json, GW_SESSION_IDLE_S);
	if (code == GW_REDIS_AWAY)
		gw_problem_said(rq, 503, NULL, NULL,
		                "Sign-in is not possible right now. Try again in a few seconds.");
	if (code != GW_REDIS_OK)
		return false;
	if (key_of_cookie(rq, before)) { /* who signs in again leaves nothing behind */
		gw_redis_del(before);
		gw_live_session_over(before);
	}
	snprintf(cookie, sizeof(cookie), COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict",
	         sid);
	gw_header(rq, "set-cookie", cookie);
	return true;
}

static void decide(struct gw_rq *rq, const struct session_verdict *v)
{
	if (!strcmp(v->verdict, "ok")) {
		if (keep_session(rq, v))
			read_session(rq, 200);
	} else if (!strcmp(v->verdict, "throttled")) {
		gw_retry_after(rq, v->retry_after_s > 0 ? (int)v->retry_after_s : 5);
		gw_problem(rq, 429, NULL,
		           "There were too many attempts. Wait %d seconds and try again.",
		           v->retry_after_s > 0 ? (int)v->retry_after_s : 5);
	} else if (!strcmp(v->verdict, "busy")) {
		gw_problem_said(
			rq, 503, NULL, NULL,
			"Many people are signing in right now. Try again in a few seconds.");
	} else {
		gw_problem(rq, 401, "denied", "The user name or the password is not right.");
	}
}

void gw_session_create(struct gw_rq *rq)
{
	struct session_verify in;
	struct session_verdict v;
	struct rec_errors errors;
	void *mem = NULL, *answer_mem = NULL;
	enum gw_call_code code;
	const char *body;
	size_t len;
	int r;

	body = gw_request_body(rq, &len);
	r = rec_from_json(&session_verify_def, body, len, &in, &mem, &errors);
	gw_request_forget(rq);
	if (r == REC_E_MALFORMED)
		gw_problem(rq, 400, NULL, "%s", errors.why);
	else if (r)
		gw_problem_fields(rq, &errors);
	if (r)
		return;
	in.network = rq->peer;
	code = gw_bus_call(&session_verify_msg, &in, rq->corr, VERIFY_MS, &session_verdict_def, &v,
	                   &answer_mem);
	rec_forget(&session_verify_def, mem, len);
	if (code == GW_CALL_NOBODY)
		gw_problem_said(rq, 503, NULL, NULL,
		                "Sign-in is not possible right now: the service that checks "
		                "passwords does not answer. Try again in a few seconds.");
	else if (code == GW_CALL_OK)
		decide(rq, &v);
	free(answer_mem);
}
