#pragma once
/*
 * Who watches what: from a topic to its watchers without asking all of them.
 * Pure, without Kore.
 */
#include "gw_ws.h"

#include <sys/queue.h>

struct gw_watch {
	char asked[GW_TOPIC_MAX]; /* as the client said it: "me" */
	char topic[GW_TOPIC_MAX]; /* as services say it: "me/7"; "" until it is allowed */
	void *socket;
	LIST_ENTRY(gw_watch) link; /* in the topic's bucket, once it is allowed */
};

/* It gets the frames of @topic from now on (and of the one before no more). */
void gw_topics_add(struct gw_watch *w, const char *topic);
void gw_topics_remove(struct gw_watch *w);
/* fn for each watcher; it may remove the one it is called for, and no other. */
void gw_topics_each(const char *topic, void (*fn)(struct gw_watch *w, void *arg), void *arg);
