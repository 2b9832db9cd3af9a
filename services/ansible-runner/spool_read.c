#include "spool_read.h"
#include "err.h"
#include "supervisor/spool.h"

#include <stdlib.h>
#include <string.h>

#define YEAR_2200_MS 7258118400000

void spool_reader_init(struct spool_reader *r, int64_t offset)
{
	*r = (struct spool_reader){ .offset = offset };
}

void spool_reader_release(struct spool_reader *r)
{
	json_decref(r->json);
	free(r->data);
	*r = (struct spool_reader){ 0 };
}

/* Forgets what has been given out. */
static void compact(struct spool_reader *r)
{
	memmove(r->data, r->data + r->done, r->n - r->done);
	r->n -= r->done;
	r->done = 0;
}

void spool_feed(struct spool_reader *r, const void *data, size_t len)
{
	if (!len)
		return;
	if (r->done)
		compact(r);
	if (r->n + len > r->room) {
		r->room = (r->n + len) * 2;
		r->data = realloc(r->data, r->room);
		if (!r->data)
			abort();
	}
	memcpy(r->data + r->n, data, len);
	r->n += len;
}

int64_t spool_wants(const struct spool_reader *r)
{
	return r->offset + (int64_t)(r->n - r->done);
}

static bool stream_of(const char *name, char *ret)
{
	*ret = !strcmp(name, "out")      ? 'o'
	       : !strcmp(name, "err")    ? 'e'
	       : !strcmp(name, "system") ? 's'
	                                 : 0;
	return *ret;
}

static bool as_line(json_t *j, struct spool_record *ret)
{
	json_int_t seq, at;
	const char *stream;

	if (json_unpack(j, "{s:I,s:I,s:s,s:i,s:s%!}", "seq", &seq, "at", &at, "stream", &stream,
	                "task", &ret->task, "text", &ret->text, &ret->len))
		return false;
	ret->kind = SPOOL_LINE;
	ret->at = at;
	return seq > 0 && ret->task >= 0 && stream_of(stream, &ret->stream);
}

static bool as_stats(json_t *j, struct spool_record *ret)
{
	json_int_t n[5];

	if (json_unpack(j, "{s:I,s:I,s:I,s:I,s:I}", "ok", &n[0], "changed", &n[1], "failed", &n[2],
	                "unreachable", &n[3], "skipped", &n[4]))
		return false;
	for (int i = 0; i < 5; i++) {
		ret->count[i] = n[i];
		if (n[i] < 0 || n[i] > INT32_MAX)
			return false;
	}
	ret->kind = SPOOL_STATS;
	return true;
}

/* States that a task can be reported in. */
static bool is_state(const char *state)
{
	static const char *const all[] = { "ok",      "changed",     "failed",
		                           "ignored", "unreachable", "skipped" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i], state))
			return true;
	return false;
}

static bool as_event(json_t *j, struct spool_record *ret)
{
	const char *event;
	json_int_t at;

	if (json_unpack(j, "{s:s,s:I}", "event", &event, "at", &at))
		return false;
	ret->at = at;
	ret->kind = SPOOL_STARTED;
	if (!strcmp(event, "started"))
		return true;
	if (!strcmp(event, "stats"))
		return as_stats(j, ret);
	ret->kind = SPOOL_TASK;
	if (!strcmp(event, "task"))
		return !json_unpack(j, "{s:i,s:s%}", "task", &ret->task, "text", &ret->text,
		                    &ret->len) &&
		       ret->task > 0;
	ret->kind = SPOOL_RESULT;
	if (!strcmp(event, "result"))
		return !json_unpack(j, "{s:i,s:s,s:s%}", "task", &ret->task, "state", &ret->state,
		                    "text", &ret->text, &ret->len) &&
		       ret->task > 0 && is_state(ret->state);
	ret->kind = SPOOL_END;
	return !strcmp(event, "end") &&
	       !json_unpack(j, "{s:i,s:s,s:s%}", "exit", &ret->exit, "reason", &ret->reason, "text",
	                    &ret->text, &ret->len);
}

/* A time that the database can keep. */
static bool sane(const struct spool_record *ret)
{
	return ret->at >= 0 && ret->at < YEAR_2200_MS;
}

static void parse(struct spool_reader *r, const char *text, size_t len, struct spool_record *ret)
{
	*ret = (struct spool_record){ 0 };
	json_decref(r->json);
	r->json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (r->json && as_line(r->json, ret) && sane(ret))
		return;
	*ret = (struct spool_record){ 0 };
	if (!r->json || !as_event(r->json, ret) || !sane(ret))
		*ret = (struct spool_record){ .kind = SPOOL_GARBLED };
}

static void consume(struct spool_reader *r, size_t n)
{
	r->done += n;
	r->offset += (int64_t)n;
}

/* No line end within the longest record: the rest is skipped as it comes. true: this is news. */
static bool too_long(struct spool_reader *r, size_t left)
{
	bool news = !r->skipping;

	r->skipping = true;
	consume(r, left);
	return news;
}

bool spool_next(struct spool_reader *r, struct spool_record *ret)
{
	*ret = (struct spool_record){ .kind = SPOOL_GARBLED };
	while (r->n > r->done) {
		const char *p = r->data + r->done, *nl;
		size_t left = r->n - r->done;

		nl = memchr(p, '\n', left);
		if (!nl)
			return (left > SPOOL_RECORD_MAX || r->skipping) && too_long(r, left);
		consume(r, (size_t)(nl - p) + 1);
		if (r->skipping || nl == p) { /* the rest of what was skipped; the empty line after
			                         a torn record */
			r->skipping = false;
			continue;
		}
		if (nl - p <= SPOOL_RECORD_MAX)
			parse(r, p, (size_t)(nl - p), ret);
		return true;
	}
	return false;
}
