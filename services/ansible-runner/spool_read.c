#include "spool_read.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LIVE_MAX (60 * 1024) /* a frame stays below 64 KiB */
#define LINE_LIVE 4000       /* a longer line is cut in the frame; the whole one is fetched */

void spool_news_release(struct spool_news *n)
{
	buf_release(&n->lines);
	buf_release(&n->tasks);
	buf_release(&n->live);
}

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int64_t num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static void add_line(struct spool_news *n, const json_t *o, const char *record, size_t len)
{
	const char *text = str(o, "text");
	size_t shown = strlen(text);

	if (shown > LINE_LIVE)
		for (shown = LINE_LIVE; shown && (text[shown] & 0xc0) == 0x80; shown--)
			;
	buf_str(&n->lines, n->n_lines ? "," : "");
	buf_add(&n->lines, record, len);
	buf_fmt(&n->live, "%s[%" PRId64 ",%" PRId64 ",", n->n_lines ? "," : "", num(o, "seq"), num(o, "at"));
	buf_json_str(&n->live, str(o, "stream"));
	buf_fmt(&n->live, ",%" PRId64 ",", num(o, "task"));
	buf_json_strn(&n->live, text, shown);
	buf_str(&n->live, "]");
	if (!n->n_lines++)
		n->first_seq = num(o, "seq");
	n->last_seq = num(o, "seq");
}

static void add_task(struct spool_news *n, const json_t *o, bool result)
{
	buf_fmt(&n->tasks, "%s{\"task\":%" PRId64 ",\"at\":%" PRId64 ",\"text\":", n->tasks.len ? "," : "", num(o, "task"), num(o, "at"));
	buf_json_str(&n->tasks, str(o, "text"));
	if (result) {
		buf_str(&n->tasks, ",\"state\":");
		buf_json_str(&n->tasks, str(o, "state"));
		n->tasks_done = num(o, "task");
	}
	buf_str(&n->tasks, "}");
}

static void add_stats(struct spool_news *n, const json_t *o)
{
	static const char *const names[] = { "ok", "changed", "failed", "unreachable", "skipped" };

	n->have_stats = true;
	for (int i = 0; i < 5; i++)
		n->stats[i] = num(o, names[i]);
}

static void add_end(struct spool_news *n, const json_t *o)
{
	n->ended = true;
	n->exit_code = num(o, "exit");
	snprintf(n->reason, sizeof(n->reason), "%s", str(o, "reason"));
	snprintf(n->text, sizeof(n->text), "%s", str(o, "text"));
}

static void take(struct spool_news *n, const char *record, size_t len)
{
	json_t *o = json_loadb(record, len, JSON_REJECT_DUPLICATES, NULL);
	const char *event = str(o, "event");

	if (!json_is_object(o))
		n->bad++;
	else if (json_object_get(o, "seq"))
		add_line(n, o, record, len);
	else if (!strcmp(event, "started"))
		n->started = true;
	else if (!strcmp(event, "task"))
		add_task(n, o, false);
	else if (!strcmp(event, "result"))
		add_task(n, o, true);
	else if (!strcmp(event, "stats"))
		add_stats(n, o);
	else if (!strcmp(event, "end"))
		add_end(n, o);
	json_decref(o);
}

void spool_read(struct spool_news *n, const char *data, size_t len)
{
	*n = (struct spool_news){ 0 };
	buf_init(&n->lines, 8 << 20);
	buf_init(&n->tasks, 4 << 20);
	buf_init(&n->live, 8 << 20);
	while (!n->ended && n->live.len < LIVE_MAX - LINE_LIVE * 2) {
		const char *at = data + n->consumed, *eol = memchr(at, '\n', len - (size_t)n->consumed);

		if (!eol)
			break;
		take(n, at, (size_t)(eol - at));
		n->consumed += eol - at + 1;
	}
	if (!n->consumed && len >= SPOOL_RECORD_LONGEST) { /* no supervisor of ours writes such a thing: step over it */
		n->bad++;
		n->consumed = (int64_t)len;
	}
}
