/* Rows of the inbox: read and decoded, and ended with their results. */
#include "service_batch.h"

#include "err.h"
#include "pg_array.h"
#include "result.h"

#include <stdlib.h>
#include <string.h>

static void row_release(struct row *r)
{
	cmd_state_release(&r->state);
	free(r->type);
	free(r->agg);
	free(r->actor);
	if (r->body)
		explicit_bzero(r->body, r->body_len);
	free(r->body);
	free(r->rec);
	free(r->mem);
	free(r->result);
	*r = (struct row){ 0 };
}

struct batch *batch_new(struct service *s, bool leased)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	b->s = s;
	b->leased = leased;
	return b;
}

void batch_free(struct batch **b)
{
	if (!*b)
		return;
	for (size_t i = 0; i < (*b)->n; i++)
		row_release(&(*b)->row[i]);
	free(*b);
	*b = NULL;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void decode(struct row *r)
{
	r->cmd.msg = message_find(r->type);
	if (!r->cmd.msg)
		return;
	r->rec = xcalloc(1, r->cmd.msg->rec->size);
	if (rec_unpack(r->cmd.msg->rec, r->body, r->body_len, r->rec, &r->mem) ||
	    rec_check(r->cmd.msg->rec, r->rec, NULL)) {
		free(r->mem);
		r->mem = NULL;
		r->cmd.msg = NULL;
		r->malformed = true;
	}
}

/* What claim() said holds for the object it saw, which must be the one in the body. */
static void take_verdict(struct row *r, struct db_rows *rows)
{
	const char *colon = r->agg ? strchr(r->agg, ':') : NULL;
	int64_t seen = colon ? strtoll(colon + 1, NULL, 10) : 0;

	r->asked = r->cmd.msg && db_get_bool(rows, "asked") && seen == row_object(r);
	if (r->asked)
		r->denied = authz_word(db_is_null(rows, "verdict") ? NULL : db_get_str(rows, "verdict"));
}

void batch_read(struct batch *b, struct db_rows *rows)
{
	struct row *r = &b->row[b->n++];

	snprintf(r->cmd.id, sizeof(r->cmd.id), "%s", db_get_str(rows, "id"));
	snprintf(r->cmd.corr, sizeof(r->cmd.corr), "%s", db_is_null(rows, "corr") ? "" : db_get_str(rows, "corr"));
	r->type = xstrdup(db_get_str(rows, "type"));
	r->agg = db_is_null(rows, "agg") ? NULL : xstrdup(db_get_str(rows, "agg"));
	r->actor = xstrdup(db_get_str(rows, "actor"));
	r->event = db_get_bool(rows, "event");
	db_get_bytes(rows, "body", &r->body, &r->body_len);
	r->cmd.attempt = (int)db_get_i64(rows, "attempt");
	r->cmd.generation = db_get_i64(rows, "generation");
	r->cmd.actor = r->actor;
	r->cmd.agg = r->agg;
	r->cmd.user = !strncmp(r->actor, "user:", 5) ? strtoll(r->actor + 5, NULL, 10) : 0;
	r->cmd.svc = b->s;
	r->cmd.db = b->s->db;
	decode(r);
	take_verdict(r, rows);
}

/* ---- ending ------------------------------------------------------------------------------- */

static void pack_answer(struct row *r)
{
	const struct cmd_answer a = { .status = r->state.status ? r->state.status : 200, .data = r->state.data,
		                      .field = r->state.field, .state = r->state.state, .detail = r->state.detail };
	msgpack_sbuffer out;

	msgpack_sbuffer_init(&out);
	rec_pack(&cmd_answer_def, &a, &out);
	free(r->result);
	r->result = malloc(out.size);
	if (!r->result)
		abort();
	memcpy(r->result, out.data, out.size);
	r->result_len = out.size;
	msgpack_sbuffer_destroy(&out);
}

int batch_finish(struct batch *b)
{
	_cleanup_(buf_release) struct buf ids = { .max = 1 << 16 }, attempts = { .max = 1 << 16 },
					  states = { .max = 1 << 16 }, results = { .max = 64 << 20 },
					  errors = { .max = 1 << 20 };
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	char text[16];
	int r;

	for (size_t i = 0; i < b->n; i++) {
		struct row *row = &b->row[i];

		pg_array_raw(&ids, row->cmd.id);
		snprintf(text, sizeof(text), "%d", row->cmd.attempt);
		pg_array_raw(&attempts, text);
		pg_array_raw(&states, row->inbox_state == INBOX_FAILED ? "3" : "2");
		pg_array_raw(&errors, NULL);
		if (row->event) {
			pg_array_raw(&results, NULL);
		} else {
			pack_answer(row);
			pg_array_bytes(&results, row->result, row->result_len);
		}
	}
	pg_array_end(&ids);
	pg_array_end(&attempts);
	pg_array_end(&states);
	pg_array_end(&results);
	pg_array_end(&errors);
	r = db_select_commit(b->s->db, &b->s->sql->finish, &rows, db_str(ids.data),
	                     db_str(b->leased ? attempts.data : NULL), db_str(states.data), db_str(results.data),
	                     db_str(errors.data), db_str(b->s->inst));
	while (!r && db_next(&rows))
		service_add_rung(b->s, db_get_str(&rows, "id")); /* next of the same aggregate */
	return r;
}

void batch_reply(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		service_reply_result(b->s, b->row[i].cmd.id, b->row[i].inbox_state, b->row[i].result,
		                     b->row[i].result_len);
}
