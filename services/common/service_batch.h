#pragma once
/*
 * A batch of inbox rows on their way through one transaction; only service_*.c see it
 *
 *     claimed or leased (service_take.c) -> read (service_batch.c) -> may they?
 *     (service_authz.c) -> handlers (service_work.c) -> ended with its results,
 *     together with COMMIT (service_batch.c)
 */
#include "service_impl.h"

struct row {
	struct cmd cmd;
	struct cmd_state state;
	char *type, *agg, *actor;
	uint8_t *body;
	size_t body_len;
	bool event;
	bool malformed; /* of a type we know, but not what its field list says */
	bool asked; /* authz has been asked: @denied is its answer */
	void *rec, *mem; /* the decoded body */
	int inbox_state; /* INBOX_*; 0: not worked yet */
	const char *denied; /* NULL: allowed; "stale", "forbidden", "not_found" */
	uint8_t *result;
	size_t result_len;
};

enum { INBOX_DONE = 2, INBOX_FAILED = 3 };

struct batch {
	struct service *s;
	size_t n;
	bool leased; /* each row is ours until its lease ends; else all are locked by this transaction */
	struct row row[BATCH_MAX];
};

struct batch *batch_new(struct service *s, bool leased);
void batch_free(struct batch **b);
/* Adds the current one of @rows, which has the columns of inbox_sql()->claim. There must be room. */
void batch_read(struct batch *b, struct db_rows *rows);
/* Writes states and results and commits; rings the next ones of the same aggregates. DB_E_* else. */
int batch_finish(struct batch *b);
/* Tells whoever waits. After COMMIT only. */
void batch_reply(struct batch *b);

/* Asks authz about every row of a person that claim() has not asked about. DB_E_* when it could not. */
int batch_authorise(struct batch *b);
/* Writes the refusal into the row, and into the audit. */
int row_deny(struct row *r);
/* What authz said, as one of its three words or NULL. */
const char *authz_word(const char *verdict);
/* The id of the object the row's command acts on; 0 for none. */
int64_t row_object(const struct row *r);

enum { REDO_ALONE = 200 };
/*
 * Works a batch in the transaction that is open; commits, or rolls everything
 * back and says why: REDO_ALONE (a row was rejected after it had written), a
 * technical error, or DB_E_*.
 */
int batch_run(struct batch *b);
