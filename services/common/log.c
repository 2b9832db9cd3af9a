#include "log.h"
#include "buf.h"
#include "err.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MAX 2000

static const char *const level_name[] = { "debug", "info", "warn", "error" };
static const char *service = "sps";
static enum log_level threshold = LOG_L_INFO;
static _Thread_local char correlation[64]; /* longer than any UUID */
static _Thread_local char later[PIPE_BUF]; /* so much goes into a pipe in one piece */
static _Thread_local size_t later_len;

void log_init(const char *name, const char *level)
{
	service = name;
	for (unsigned i = 0; i < sizeof(level_name) / sizeof(level_name[0]); i++)
		if (level && !strcmp(level, level_name[i]))
			threshold = i;
}

void log_correlation(const char *corr)
{
	snprintf(correlation, sizeof(correlation), "%s", corr ? corr : "");
}

const char *log_correlation_now(void)
{
	return correlation;
}

static void add_time(struct buf *b)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_fmt(b, "{\"t\":\"%s.%03ldZ\"", text, ts.tv_nsec / 1000000);
}

static void add_str(struct buf *b, const char *key, const char *value)
{
	buf_str(b, ",");
	buf_json_str(b, key);
	buf_str(b, ":");
	size_t len = strlen(value);

	buf_json_strn(b, value, len < VALUE_MAX ? len : VALUE_MAX);
}

static void write_out(const char *data, size_t len)
{
	/* one write: lines of several processes on one pipe do not mix. A full disk must not stop us. */
	ssize_t done = write(STDERR_FILENO, data, len);

	(void)done;
}

static void format(struct buf *b, enum log_level level, const char *event, const struct log_kv *kv)
{
	buf_init(b, 64 * 1024);
	add_time(b);
	add_str(b, "level", level_name[level]);
	add_str(b, "service", service);
	buf_fmt(b, ",\"pid\":%d", (int)getpid());
	add_str(b, "event", event);
	if (correlation[0])
		add_str(b, "corr", log_correlation_now());
	for (; kv->key; kv++) {
		if (kv->str) {
			add_str(b, kv->key, kv->str);
		} else {
			buf_str(b, ",");
			buf_json_str(b, kv->key);
			buf_fmt(b, ":%" PRId64, kv->num);
		}
	}
	buf_str(b, "}\n");
}

void log_flush(void)
{
	if (later_len)
		write_out(later, later_len);
	later_len = 0;
}

void log_line(enum log_level level, const char *event, const struct log_kv *kv)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (level < threshold)
		return;
	format(&b, level, event, kv);
	log_flush();
	write_out(b.data, b.len);
}

void log_line_soon(enum log_level level, const char *event, const struct log_kv *kv)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (level < threshold)
		return;
	format(&b, level, event, kv);
	if (later_len + b.len > sizeof(later))
		log_flush();
	if (b.len > sizeof(later)) {
		write_out(b.data, b.len);
		return;
	}
	memcpy(later + later_len, b.data, b.len);
	later_len += b.len;
}
