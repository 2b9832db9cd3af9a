#pragma once
/*
 * Sessions: a random id in the cookie __Host-sid, its hash as the key in Redis.
 * They say who somebody claims to be; whether the person may still act is asked
 * of authz, with the session's generation, on every read and command.
 */
#include "gw_http.h"

#define GW_SESSION_IDLE_S (2 * 3600)
#define GW_SESSION_LONGEST_S (12 * 3600)

/* 0: rq->session is filled. Else it has answered: 401, or 503 when Redis is away. -1: the client
 * left. */
int gw_session_require(struct gw_rq *rq);
/* x-csrf-token, Origin and Sec-Fetch-Site of a request that changes something. false: answered 403.
 */
bool gw_session_same_site(struct gw_rq *rq, bool need_token);
bool gw_origin_ok(struct gw_rq *rq, bool required);
/* The session has ended (SP401): forget it and answer 401. */
void gw_session_over(struct gw_rq *rq);

/* Handlers of the routes. */
void gw_session_create(struct gw_rq *rq);
void gw_session_get(struct gw_rq *rq);
void gw_session_delete(struct gw_rq *rq);

/* For tests and the live channel: does this stored text describe a session that is not too old? */
bool gw_session_parse(const char *json, struct gw_session *ret, int64_t now);
