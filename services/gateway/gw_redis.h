#pragma once
/*
 * Redis without blocking: one connection for commands, one for the live topics.
 * A command that is not answered within 200 ms counts as failed, and so does
 * every command while the connection is down: no page waits for Redis.
 */
#include <stdbool.h>
#include <stddef.h>

void gw_redis_start(const char *where); /* socket path, or host:port */
bool gw_redis_ready(void);

enum gw_redis_code { GW_REDIS_OK, GW_REDIS_NONE, GW_REDIS_AWAY, GW_REDIS_GONE };
/* In a coroutine. GET: *ret_value is malloc'ed when OK, NONE: no such key. GONE: the client left. */
enum gw_redis_code gw_redis_get(const char *key, int seconds, char **ret_value); /* and renews: expires in @seconds */
enum gw_redis_code gw_redis_set(const char *key, const char *value, int seconds);
enum gw_redis_code gw_redis_del(const char *key);

/* Calls fn for every message published as live:<topic>. */
void gw_redis_listen(void (*fn)(const char *topic, const char *json, size_t len));
