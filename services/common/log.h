#pragma once
/*
 * Logging: one line of JSON on stderr is one event
 *
 *     log_info("request.approved", LOG_I64("request", 1038), LOG_STR("by", "ada"));
 *     {"t":"2026-11-28T08:00:00.123Z","level":"info","service":"workflow","pid":7,
 *      "event":"request.approved","corr":"018f…","request":1038,"by":"ada"}
 *
 * The correlation id of the command being worked on is added by itself (see
 * log_correlation). Control bytes are escaped; a value is cut at 2,000 bytes.
 * Secrets are never passed to this module.
 */
#include <stdarg.h>
#include <stdint.h>

enum log_level { LOG_L_DEBUG, LOG_L_INFO, LOG_L_WARN, LOG_L_ERROR };

struct log_kv {
	const char *key;
	const char *str; /* NULL: the number counts */
	int64_t num;
};

static inline struct log_kv LOG_STR(const char *key, const char *value)
{
	return (struct log_kv){ .key = key, .str = value ? value : "" };
}

static inline struct log_kv LOG_I64(const char *key, int64_t value)
{
	return (struct log_kv){ .key = key, .num = value };
}

#define log_debug(event, ...) log_line(LOG_L_DEBUG, (event), LOG_KVS(__VA_ARGS__))
#define log_info(event, ...) log_line(LOG_L_INFO, (event), LOG_KVS(__VA_ARGS__))
#define log_warn(event, ...) log_line(LOG_L_WARN, (event), LOG_KVS(__VA_ARGS__))
#define log_error(event, ...) log_line(LOG_L_ERROR, (event), LOG_KVS(__VA_ARGS__))
#define LOG_KVS(...) (const struct log_kv[]){ __VA_OPT__(__VA_ARGS__, ) { .key = 0 } }

/* Names the service in every line; @level is debug, info, warn or error. */
void log_init(const char *service, const char *level);
/* The correlation id that the next lines carry; NULL or "" for none. Copied. */
void log_correlation(const char *corr);
const char *log_correlation_now(void); /* "" for none */
/*
 * The same as log_info(), but the line may wait until the next line of this
 * thread, log_flush() or 4 KiB of lines: for what happens a thousand times a
 * second. Whoever uses it calls log_flush() soon, and before it ends.
 */
#define log_info_soon(event, ...) log_line_soon(LOG_L_INFO, (event), LOG_KVS(__VA_ARGS__))
void log_line_soon(enum log_level level, const char *event, const struct log_kv *kv);
void log_flush(void);
/* One line; @kv ends with a NULL key. Use the macros above. */
void log_line(enum log_level level, const char *event, const struct log_kv *kv);
