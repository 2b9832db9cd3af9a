#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GATHER (2 * SPOOL_RECORD_MAX)

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int spool_create(struct spool *s, int dirfd, const char *name, int64_t limit)
{
	int fd = openat(dirfd, name,
	                O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	*s = (struct spool){ .fd = fd, .limit = limit };
	buf_init(&s->out, GATHER);
	return 0;
}

void spool_flush(struct spool *s)
{
	size_t done = 0;

	while (done < s->out.len) {
		ssize_t n = write(s->fd, s->out.data + done, s->out.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (done < s->out.len)
		s->broken = true; /* the reader skips a torn record; the run is ended by its loop */
	buf_clear(&s->out);
}

static void begin(struct spool *s)
{
	if (s->out.len > GATHER - SPOOL_RECORD_MAX)
		spool_flush(s);
}

static void line(struct spool *s, const char *stream, int task, const char *text, size_t len)
{
	begin(s);
	buf_fmt(&s->out,
	        "{\"seq\":%" PRId64 ",\"at\":%" PRId64 ",\"stream\":\"%s\",\"task\":%d,\"text\":",
	        ++s->seq, now_ms(), stream, task);
	buf_json_strn(&s->out, text, len);
	buf_str(&s->out, "}\n");
}

void spool_line(struct spool *s, const char *stream, const char *text, size_t len)
{
	if (s->bytes > s->limit)
		return;
	s->bytes += (int64_t)len + 1;
	if (s->bytes > s->limit)
		spool_say(s, "The output is longer than a log may be: cut here. The run goes on, "
		             "the rest is not kept.");
	else
		line(s, stream, s->task, text, len);
}

void spool_say(struct spool *s, const char *text)
{
	line(s, "system", s->task, text, strlen(text));
}

static void event(struct spool *s, const char *name)
{
	begin(s);
	buf_fmt(&s->out, "{\"event\":\"%s\",\"at\":%" PRId64, name, now_ms());
}

void spool_started(struct spool *s)
{
	event(s, "started");
	buf_str(&s->out, "}\n");
}

void spool_task(struct spool *s, int task, const char *name)
{
	event(s, "task");
	buf_fmt(&s->out, ",\"task\":%d,\"text\":", task);
	buf_json_str(&s->out, name);
	buf_str(&s->out, "}\n");
}

void spool_result(struct spool *s, int task, const char *state, const char *text)
{
	event(s, "result");
	buf_fmt(&s->out, ",\"task\":%d,\"state\":", task);
	buf_json_str(&s->out, state);
	buf_str(&s->out, ",\"text\":");
	buf_json_str(&s->out, text);
	buf_str(&s->out, "}\n");
}

void spool_stats(struct spool *s, const int64_t count[5])
{
	static const char *const names[] = { "ok", "changed", "failed", "unreachable", "skipped" };

	event(s, "stats");
	for (int i = 0; i < 5; i++)
		buf_fmt(&s->out, ",\"%s\":%" PRId64, names[i], count[i]);
	buf_str(&s->out, "}\n");
}

void spool_end(struct spool *s, int exit, const char *reason, const char *text)
{
	if (s->broken) /* whatever was torn ends here */
		buf_str(&s->out, "\n");
	event(s, "end");
	buf_fmt(&s->out, ",\"exit\":%d,\"reason\":", exit);
	buf_json_str(&s->out, reason);
	buf_str(&s->out, ",\"text\":");
	buf_json_str(&s->out, text);
	buf_str(&s->out, "}\n");
}

void spool_close(struct spool *s)
{
	if (s->fd < 0)
		return;
	spool_flush(s);
	fsync(s->fd);
	close(s->fd);
	s->fd = -1;
	buf_release(&s->out);
}
