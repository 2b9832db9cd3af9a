#pragma once
/*
 * Live status: small JSON frames published as live:<topic> in Redis (Pub/Sub)
 *
 * Frames carry ids, states and sequence numbers, never secrets. Redis is
 * disposable: a lost frame costs a browser nothing but time, because history is
 * in PostgreSQL. Every call gives up after 200 ms; after a failure Redis is
 * left alone for a second.
 */
struct live;

struct live *live_new(void); /* as the settings of redis.h say; NULL after saying why in the log */
struct live *live_free(struct live *l);
/* @json is one complete object whose "topic" member equals @topic. Never fails; drops when Redis is gone. */
void live_publish(struct live *l, const char *topic, const char *json);
