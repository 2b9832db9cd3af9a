#include "batch.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_BYTES (512 * 1024)
#define BATCH_LINES 2000
#define FRAME_BYTES (60 * 1024)

/* ---- records into a batch ------------------------------------------------------------------- */

void batch_init(struct batch *b, struct active *a)
{
	*b = (struct batch){ .a = a, .whole = true, .upto = a->run.offset };
	buf_init(&b->lines, BATCH_BYTES * 2 + 512 * 1024);
	buf_init(&b->events, BATCH_BYTES);
	buf_init(&b->frame, FRAME_BYTES + 512 * 1024);
}

void batch_release(struct batch *b)
{
	buf_release(&b->lines);
	buf_release(&b->events);
	buf_release(&b->frame);
}

static const char *stream_name(char stream)
{
	return stream == 'o' ? "out" : stream == 'e' ? "err" : "system";
}

static void add_line(struct batch *b, int64_t at, char stream, int task, const char *text,
                     size_t len)
{
	size_t begin;

	buf_fmt(&b->lines, "%s[%" PRId64 ",\"%c\",%d,", b->n_lines++ ? "," : "[", at, stream, task);
	begin = b->lines.len;
	buf_json_strn(&b->lines, text, len);
	len = b->lines.len - begin;
	buf_str(&b->lines, "]");
	if (!b->whole || b->frame.len + len > FRAME_BYTES) {
		b->whole = false; /* who watches sees the gap and asks for the rest */
		return;
	}
	/* the numbers are known after the insert: %d stands for how many from the first */
	buf_fmt(&b->frame, "%s%d %" PRId64 ",\"%s\",%d,", b->in_frame ? "\n" : "", b->in_frame, at,
	        stream_name(stream), task);
	buf_add(&b->frame, b->lines.data + begin, len);
	b->in_frame++;
}

static void add_event(struct batch *b, const struct spool_record *rec)
{
	struct buf *e = &b->events;

	buf_str(e, e->len ? "," : "[");
	switch (rec->kind) {
	case SPOOL_TASK:
		buf_fmt(e, "{\"event\":\"task\",\"at\":%" PRId64 ",\"task\":%d,\"text\":", rec->at,
		        rec->task);
		buf_json_strn(e, rec->text, rec->len);
		break;
	case SPOOL_RESULT:
		buf_fmt(e,
		        "{\"event\":\"result\",\"at\":%" PRId64 ",\"task\":%d,\"state\":", rec->at,
		        rec->task);
		buf_json_str(e, rec->state);
		buf_str(e, ",\"text\":");
		buf_json_strn(e, rec->text, rec->len);
		break;
	default:
		buf_fmt(e,
		        "{\"event\":\"stats\",\"ok\":%" PRId64 ",\"changed\":%" PRId64
		        ",\"failed\":%" PRId64 ",\"unreachable\":%" PRId64 ",\"skipped\":%" PRId64,
		        rec->count[0], rec->count[1], rec->count[2], rec->count[3], rec->count[4]);
	}
	buf_str(e, "}");
}

static int64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void batch_add(struct batch *b, const struct spool_record *rec)
{
	static const char garbled[] = "Here something of the log could not be read.";

	switch (rec->kind) {
	case SPOOL_LINE:
		add_line(b, rec->at, rec->stream, rec->task, rec->text, rec->len);
		break;
	case SPOOL_GARBLED:
		add_line(b, wall_ms(), 's', 0, garbled, sizeof(garbled) - 1);
		break;
	case SPOOL_STARTED:
		break;
	case SPOOL_END: /* stays unread in the database's eyes until the end is recorded */
		b->done = true;
		b->exit = rec->exit;
		snprintf(b->reason, sizeof(b->reason), "%s", rec->reason);
		utf8_snprintf(b->message, sizeof(b->message), "%s", rec->text);
		break;
	default:
		add_event(b, rec);
	}
}

/* ---- a batch into the database ----------------------------------------------------------------
 */

/* Each line of the frame begins with its distance from the first; it becomes its number. */
static void publish(struct cmd *c, const struct batch *b, int64_t first)
{
	char topic[40];
	struct buf json;

	if (!b->in_frame)
		return;
	snprintf(topic, sizeof(topic), "run/%" PRId64 "/log", b->a->run.id);
	buf_init(&json, FRAME_BYTES * 2 + 512 * 1024);
	buf_fmt(&json, "{\"topic\":\"%s\",\"seq\":%" PRId64 ",\"first\":%" PRId64 ",\"lines\":[",
	        topic, first + b->in_frame - 1, first);
	for (const char *p = b->frame.data; p && *p;) {
		size_t len = strcspn(p, "\n"); /* JSON has no line breaks inside */
		char *rest;
		long nth = strtol(p, &rest, 10);

		buf_fmt(&json, "%s[%" PRId64 ",", nth ? "," : "", first + nth);
		buf_add(&json, rest + 1, len - (size_t)(rest + 1 - p));
		buf_str(&json, "]");
		p += len;
		p += *p == '\n';
	}
	buf_str(&json, "]}");
	if (!json.cut)
		cmd_live(c, topic, json.data);
	buf_release(&json);
}

int batch_store(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "take_spool",
		.sql = "SELECT t.first_seq, r.id, r.state, t.version, t.tasks_done, t.last_seq"
		       "  FROM runner.take_spool($1::bigint, $2::uuid, $3::int, $4::bigint, "
		       "$5::bigint, $6::json, $7::json) t"
		       "  JOIN runner.run r ON r.id = $1::bigint",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct batch *b = arg;
	const struct run *run = &b->a->run;
	int r;

	run_correlate(c, run);
	r = db_select(c->db, &q, &rows, db_i64(run->id), db_str(svc_instance(c->svc)),
	              db_i64(run->fence), db_i64(run->offset), db_i64(b->upto),
	              db_str(b->n_lines ? b->lines.data : "[]"),
	              db_str(b->events.len ? b->events.data : "[]"));
	if (r)
		return r;
	if (!db_next(&rows))
		return RUN_E_NOT_OURS;
	publish(c, b, db_get_i64(&rows, "first_seq"));
	if (b->events.len || !b->whole)
		run_live(c, &rows, false);
	return 0;
}

void batch_close(struct batch *b)
{
	if (b->n_lines)
		buf_str(&b->lines, "]");
	if (b->events.len)
		buf_str(&b->events, "]");
}

bool batch_full(const struct batch *b)
{
	return b->done || b->n_lines >= BATCH_LINES || b->lines.len >= BATCH_BYTES ||
	       b->events.len >= BATCH_BYTES / 2;
}
