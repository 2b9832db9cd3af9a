#pragma once
/*
 * Redis without blocking: one connection for commands, one for the live topics.
 * A command that is not answered within 200 ms counts as failed; after five of
 * those in a row, and while the connection is down, commands fail at once for a
 * second: no page waits for Redis.
 */
#include <stdbool.h>
#include <stddef.h>

/* In the parent: reads the password that the settings of redis.h name. 0 or -errno, said in the
 * log. */
int gw_redis_prepare(void);
void gw_redis_start(void);
bool gw_redis_ready(void);

enum gw_redis_code { GW_REDIS_OK, GW_REDIS_NONE, GW_REDIS_AWAY, GW_REDIS_GONE };

/* In a coroutine. GET: *ret_value is malloc'ed when OK, NONE: no such key. GONE: the client left.
 */
enum gw_redis_code gw_redis_get(const char *key, int seconds,
                                char **ret_value); /* and renews: expires in @seconds */
enum gw_redis_code gw_redis_set(const char *key, const char *value, int seconds);
enum gw_redis_code gw_redis_del(const char *key);

/* From anywhere. @done is called once, perhaps before this returns; never with GONE. */
typedef void (*gw_redis_done)(enum gw_redis_code code, const char *value, void *arg);
void gw_redis_exists(const char *key, gw_redis_done done, void *arg);
void gw_redis_publish(const char *topic, const char *text);

/* Calls fn for every message published as live:<topic>, deaf() when some may have been missed. */
void gw_redis_listen(void (*fn)(const char *topic, const char *json, size_t len),
                     void (*deaf)(void));
bool gw_redis_listening(void);
