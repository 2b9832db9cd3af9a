#pragma once
/*
 * HTTP as every handler sees it: one request with its correlation id, and the
 * ways to answer it. All answers, errors too, carry the headers that keep a
 * browser safe; all are logged once.
 */
#include "gw_path.h"
#include "uuid.h"

#include <kore/kore.h>

#include <kore/http.h>
#include <record.h>

struct gw_route;

struct gw_session {
	char key[96]; /* in Redis; "" when nobody is signed in */
	char csrf[65];
	int64_t user, generation, created;
};

struct gw_rq {
	struct http_request *req;
	const struct gw_route *route; /* NULL: static files and what does not exist */
	struct gw_args args;          /* path segments */
	struct gw_session session;
	char corr[UUID_TEXT];
	char peer[GW_ADDRESS_MAX]; /* address the client has */
	uint64_t t0;
	int status;   /* 0 until answered */
	bool counted; /* as a request of its person: gw_entry.c */
};

/* On every answer there is, ends with a NULL name. HSTS belongs to the proxy that speaks TLS. */
struct gw_fixed_header {
	const char *name, *value;
};
extern const struct gw_fixed_header gw_fixed_headers[];

/* Fills peer, correlation id and clock. */
void gw_rq_begin(struct gw_rq *rq, struct http_request *req);
void gw_rq_end(struct gw_rq *rq); /* the log line and the counters */

const char *gw_request_header(struct gw_rq *rq, const char *name); /* NULL: absent */
/* The body; "" when there is none. */
const char *gw_request_body(struct gw_rq *rq, size_t *ret_len);
/* Zeroes the body; gw_entry.c does it at the end. For those who wait with a secret in it: sooner.
 */
void gw_request_forget(struct gw_rq *rq);

void gw_header(struct gw_rq *rq, const char *name, const char *value);
void gw_header_fixed(struct gw_rq *rq); /* for answers that Kore makes: the WebSocket handshake */
void gw_retry_after(struct gw_rq *rq, int seconds);
void gw_reply(struct gw_rq *rq, int status, const char *type, const void *data, size_t len);
void gw_reply_json(struct gw_rq *rq, int status, const char *json);
void gw_reply_empty(struct gw_rq *rq, int status); /* 204, 304 */
/* @data must live as long as the worker. */
void gw_reply_memory(struct gw_rq *rq, int status, const void *data, size_t len);

/* A problem document: @code NULL is the word of the status, @fmt the sentence a person reads. */
void gw_problem(struct gw_rq *rq, int status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* 422 with a line for each wrong field. */
void gw_problem_fields(struct gw_rq *rq, const struct rec_errors *errors);
/* What a service or our SQL said; each of @field, @state, @detail may be NULL or "". */
void gw_problem_said(struct gw_rq *rq, int status, const char *field, const char *state,
                     const char *detail);
/* Nothing that people could mend: 503 when the database is away, 500 for all else. */
void gw_problem_away(struct gw_rq *rq);
void gw_problem_broken(struct gw_rq *rq);
