#include "events.h"

#include <jansson.h>
#include <string.h>

#define LONGEST 16384
#define MOST_TASKS 1000000

static bool is_result(const char *state)
{
	static const char *const states[] = { "ok",      "changed",     "failed",
		                              "ignored", "unreachable", "skipped" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i], state))
			return true;
	return false;
}

static void stats(struct spool *s, json_t *j)
{
	json_int_t n[5];
	int64_t count[5];

	if (json_unpack(j, "{s:I,s:I,s:I,s:I,s:I}", "ok", &n[0], "changed", &n[1], "failed", &n[2],
	                "unreachable", &n[3], "skipped", &n[4]))
		return;
	for (int i = 0; i < 5; i++)
		count[i] = n[i] >= 0 && n[i] <= INT32_MAX ? n[i] : 0;
	spool_stats(s, count);
}

void event_line(struct spool *s, const char *text, size_t len)
{
	const char *event, *name, *state, *message;
	json_t *j;
	int task;

	if (len > LONGEST || !(j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL)))
		return;
	if (!json_unpack(j, "{s:s,s:i,s:s}", "event", &event, "task", &task, "name", &name)) {
		if (!strcmp(event, "task") && task > 0 && task <= MOST_TASKS)
			spool_task(s, task, name);
	} else if (!json_unpack(j, "{s:s,s:i,s:s,s:s}", "event", &event, "task", &task, "state",
	                        &state, "message", &message)) {
		if (!strcmp(event, "result") && task > 0 && task <= MOST_TASKS && is_result(state))
			spool_result(s, task, state, message);
	} else if (!json_unpack(j, "{s:s}", "event", &event) && !strcmp(event, "stats")) {
		stats(s, j);
	}
	json_decref(j);
}

static bool begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(text, with, strlen(with));
}

void output_line(struct spool *s, const char *stream, const char *text, size_t len, int *count)
{
	if (!strcmp(stream, "out")) {
		if (begins(text, len, "TASK [") || begins(text, len, "RUNNING HANDLER [") ||
		    begins(text, len, "CLEANUP TASK ["))
			s->task = ++*count;
		else if (begins(text, len, "PLAY [") || begins(text, len, "PLAY RECAP "))
			s->task = 0;
	}
	spool_line(s, stream, text, len);
}
