#include "streams.h"
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK 65536

static void on_line(void *arg, const char *text, size_t len)
{
	struct stream *s = arg;

	if (s == &s->all->at[EVENTS])
		event_line(s->all->spool, text, len);
	else
		output_line(s->all->spool, s->name, text, len, &s->all->tasks);
}

static void on_bytes(void *arg, const char *data, size_t len)
{
	struct stream *s = arg;

	lines_feed(&s->lines, data, len);
}

void stream_close(struct stream *s)
{
	if (s->fd < 0)
		return;
	mask_end(&s->mask);
	lines_end(&s->lines);
	close(s->fd);
	s->fd = -1;
}

void stream_read(struct stream *s, int most)
{
	char data[CHUNK];

	while (s->fd >= 0 && most--) {
		ssize_t n = read(s->fd, data, sizeof(data));

		if (n > 0)
			mask_feed(&s->mask, data, (size_t)n);
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && errno == EAGAIN)
			return;
		else
			stream_close(s);
	}
}

static int stream_open(struct streams *all, int i, const char *name, const struct mask *mask,
                       int *ret_write_end)
{
	struct stream *s = &all->at[i];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*s = (struct stream){ .all = all, .name = name, .fd = ends[0] };
	s->lines = (struct lines){ .on_line = on_line, .arg = s };
	s->mask = (struct mask_stream){ .mask = mask, .out = on_bytes, .arg = s };
	*ret_write_end = ends[1];
	return 0;
}

int streams_open(struct streams *all, struct spool *spool, const struct mask *mask,
                 int ends[N_STREAMS])
{
	all->spool = spool;
	return stream_open(all, OUT, "out", mask, &ends[OUT]) ||
	                       stream_open(all, ERR, "err", mask, &ends[ERR]) ||
	                       stream_open(all, EVENTS, "event", mask, &ends[EVENTS])
	               ? -1
	               : 0;
}

void streams_release(struct streams *all)
{
	for (int i = 0; i < N_STREAMS; i++) {
		mask_stream_release(&all->at[i].mask);
		lines_release(&all->at[i].lines);
	}
}
