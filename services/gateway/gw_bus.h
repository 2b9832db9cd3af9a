#pragma once
/*
 * The sending end of the bus: journals commands (what arrives while one call is
 * under way leaves together in the next), rings, and waits for results.
 */
#include "gw_db.h"
#include "messages.h"
#include "result.h"
#include "uuid.h"

#include <keys.h>
#include <stdbool.h>
#include <stddef.h>

void gw_bus_start(const struct keys *keys);
size_t gw_bus_waiting(void);

struct gw_command {
	char id[UUID_TEXT]; /* filled by gw_bus_submit(): what will be worked, or was, under this
	                       key */
	const struct msg_def *msg;
	const void *rec;
	const char *agg;          /* NULL: none */
	const char *actor;        /* "user:7" */
	int64_t user, generation; /* the session that sends it; 0: no person */
	const char *corr;
	const char *idem_key; /* NULL: none */
	const char *digest;   /* hex; with idem_key */
};

enum gw_submit_code {
	GW_SUBMIT_NEW,
	GW_SUBMIT_KNOWN,    /* sent before with this key: c->id is the id of that time */
	GW_SUBMIT_MISMATCH, /* the key was used for something else */
	GW_SUBMIT_AWAY,     /* no database: it is not in the journal */
	GW_SUBMIT_UNKNOWN,  /* the database was lost in the middle: it may be in the journal */
	GW_SUBMIT_REFUSED,  /* the journal does not take it: a fault of ours */
	GW_SUBMIT_GONE,     /* the client left, do not answer */
};
/* In a coroutine. NEW and KNOWN: it is in the journal and will be done. @c->id must be set (uuid7)
 * before. */
enum gw_submit_code gw_bus_submit(struct gw_command *c);

/* Rings for it and does not wait. */
void gw_bus_ring(const struct gw_command *c);

enum gw_wait_code {
	GW_WAIT_DONE,
	GW_WAIT_LATER, /* it is in the journal, and will be done */
	GW_WAIT_OVER,  /* the session that asks has ended */
	GW_WAIT_GONE,  /* the client left, do not answer */
};
/*
 * In a coroutine: rings and waits up to 2 s. @known: the command was sent
 * before, perhaps by another session, so its result is looked up first, and told to
 * nobody whose session has ended. DONE fills *@ret_body (malloc'ed cmd_answer
 * record, may be NULL).
 */
enum gw_wait_code gw_bus_wait(const struct gw_command *c, bool known, void **ret_body,
                              size_t *ret_len);

/* In a coroutine: the row of a command, for the person who sent it. RAISED 401: his session has
 * ended. */
struct gw_db_answer gw_bus_row(int64_t user, int64_t generation, const char *id);
/* Its columns. */
enum {
	GW_ROW_ID,
	GW_ROW_TYPE,
	GW_ROW_STATE, /* from 2 on it is over: 0003_inbox.sql */
	GW_ROW_ATTEMPT,
	GW_ROW_CREATED,
	GW_ROW_DONE,
	GW_ROW_RESULT,
};

enum gw_call_code { GW_CALL_OK, GW_CALL_NOBODY, GW_CALL_GONE };
/* In a coroutine: a question without journal. OK: decoded into @ret_rec, free *@ret_mem. */
enum gw_call_code gw_bus_call(const struct msg_def *msg, const void *rec, const char *corr,
                              int timeout_ms, const struct rec_def *answer, void *ret_rec,
                              void **ret_mem);
