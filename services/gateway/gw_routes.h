#pragma once
/*
 * The table of everything the portal answers to. A row is a method, a path, who
 * may come in, and one of: a read (a function of schema api), a command (a
 * message of proto/messages.h) or a handler. The gateway does not start with a
 * row that does not say who may come in.
 */
#include "gw_db.h"
#include "gw_http.h"
#include "messages.h"
#include "openapi.h"

enum gw_access {
	GW_UNSET = 0,
	GW_PUBLIC,  /* anybody */
	GW_SIGN_IN, /* anybody, from the portal's own page */
	GW_SESSION, /* signed in; what one may do is asked of authz */
};

struct gw_route {
	const char *method, *path;
	enum gw_access access;
	struct gw_stmt read;       /* a read: its prepared statement */
	const struct msg_def *msg; /* a command */
	void (*handler)(struct gw_rq *rq);
	const struct rec_def *body; /* a handler's JSON body, for OpenAPI */
	const char *summary;
	enum openapi_answer answer;  /* JSON when not said */
	const char *query; /* parameters it takes, words; NULL: none */
};

extern const struct gw_route gw_routes[]; /* ends with .path == NULL */
/* Every statement of the table and of the gateway itself. */
size_t gw_statements(const struct gw_stmt **ret);

/* Kore's one route: finds the row and runs it. */
int gw_entry(struct http_request *req);

/* 0, or -1 after it said what is wrong with the table. Also a unit test. */
int gw_routes_check(const struct gw_route *routes);

/* gw_read.c, gw_command.c: what a row of that kind does. */
void gw_read(struct gw_rq *rq);
/* Answers a read that is not GW_DB_OK. */
void gw_read_failed(struct gw_rq *rq, const struct gw_db_answer *a);
void gw_command(struct gw_rq *rq);
void gw_command_state(struct gw_rq *rq);
/* gw_plain.c: the rest of the table */
void gw_healthz(struct gw_rq *rq);
void gw_readyz(struct gw_rq *rq);
void gw_metrics(struct gw_rq *rq);
void gw_openapi(struct gw_rq *rq);
void gw_phone_home(struct gw_rq *rq);
void gw_openapi_prepare(void); /* in the parent */
bool gw_draining(void);        /* gw_main.c */
