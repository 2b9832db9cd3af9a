#include "gw_topics.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BUCKETS 1024

static LIST_HEAD(bucket, gw_watch) buckets[BUCKETS];

/* FNV-1a */
static struct bucket *bucket_of(const char *topic)
{
	uint32_t h = 2166136261u;

	for (; *topic; topic++)
		h = (h ^ (uint8_t)*topic) * 16777619u;
	return &buckets[h % BUCKETS];
}

void gw_topics_add(struct gw_watch *w, const char *topic)
{
	if (w->topic[0] && !strcmp(w->topic, topic))
		return;
	gw_topics_remove(w);
	snprintf(w->topic, sizeof(w->topic), "%s", topic);
	LIST_INSERT_HEAD(bucket_of(topic), w, link);
}

void gw_topics_remove(struct gw_watch *w)
{
	if (!w->topic[0])
		return;
	LIST_REMOVE(w, link);
	w->topic[0] = '\0';
}

void gw_topics_each(const char *topic, void (*fn)(struct gw_watch *w, void *arg), void *arg)
{
	struct gw_watch *w, *next;

	for (w = LIST_FIRST(bucket_of(topic)); w; w = next) {
		next = LIST_NEXT(w, link);
		if (!strcmp(w->topic, topic))
			fn(w, arg);
	}
}
