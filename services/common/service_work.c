/*
 * Working on the inbox
 *
 * What was rung is claimed together, worked in one transaction and committed
 * together; so is what the sweeper leased. When anything in a batch fails, the
 * batch is rolled back and its rows are worked one by one (service_take.c), so
 * a bad one never takes its neighbours with it.
 */
#include "service_batch.h"

#include "err.h"
#include "result.h"

#include <errno.h>
#include <string.h>

static const struct svc_handler *handler_for(const struct service *s, const struct msg_def *msg)
{
	for (const struct svc_handler *h = s->me->handlers; h && h->msg; h++)
		if (h->msg == msg)
			return h;
	return NULL;
}

static void from_sql(struct cmd *c)
{
	struct db_raised e = db_raised(c->db);

	cmd_reject(c, e.status, *e.hint ? e.hint : NULL, *e.detail ? e.detail : NULL, "%s", e.message);
}

/* 0: outcome in the row. REDO_ALONE: what it wrote must be rolled back first. Else technical. */
static int work(struct batch *b, struct row *r)
{
	const struct svc_handler *h = r->cmd.msg ? handler_for(b->s, r->cmd.msg) : NULL;
	unsigned before = db_writes(b->s->db);
	int rc;

	r->cmd.state = &r->state;
	log_correlation(r->cmd.corr);
	if (r->state.rejected) { /* decided in an earlier turn that was rolled back */
		r->inbox_state = INBOX_FAILED;
		return 0;
	}
	if (!h)
		return r->malformed ? -EBADMSG : -ENOTSUP;
	if (r->denied) {
		rc = row_deny(r);
		r->inbox_state = INBOX_FAILED;
		return rc;
	}
	rc = h->fn(&r->cmd, r->rec);
	if (rc == DB_E_RAISED) {
		from_sql(&r->cmd);
		return REDO_ALONE;
	}
	if (rc == CMD_REJECTED) {
		r->inbox_state = INBOX_FAILED;
		return db_writes(b->s->db) != before ? REDO_ALONE : 0;
	}
	r->inbox_state = rc ? 0 : INBOX_DONE;
	return rc;
}

static int work_all(struct batch *b)
{
	int r = batch_authorise(b);

	for (size_t i = 0; i < b->n && !r; i++)
		r = work(b, &b->row[i]);
	log_correlation(NULL);
	return r ? r : batch_finish(b);
}

int batch_run(struct batch *b)
{
	int r = work_all(b);

	if (r) {
		db_rollback(b->s->db);
		service_after_rollback(b->s);
		return r;
	}
	batch_reply(b); /* first: a person waits for it */
	service_after_commit(b->s);
	return 0;
}
