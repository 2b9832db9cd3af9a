#pragma once
/* The inside of a service; only service*.c see it. */
#include "live.h"
#include "peers.h"
#include "service.h"
#include "wire.h"
#include "zap.h"

#include <czmq.h>
#include <sys/queue.h>

#define BATCH_MAX 64

/* Every statement about the inbox, once per schema, as constants. */
struct inbox_sql {
	const char *schema;
	struct db_query claim, finish, retry, defer, sweep, release_own, release_dead, purge, state;
};
const struct inbox_sql *inbox_sql(const char *schema);

struct identity {
	uint8_t len, data[32];
};

/* Somebody waits for the result of this id. */
struct interest {
	char id[UUID_TEXT];
	struct identity who;
	int64_t until;
};

/* A bell or a live frame that leaves after COMMIT. */
struct after_commit {
	char *first;  /* service or topic */
	char *second; /* id or JSON */
	bool live;
	STAILQ_ENTRY(after_commit) link;
};

struct service_timer {
	void (*fn)(void *arg);
	void *arg;
	SLIST_ENTRY(service_timer) link;
};

struct service_watch {
	int fd;
	void (*fn)(void *arg);
	void *arg;
	bool dead;
	zmq_pollitem_t item;
	LIST_ENTRY(service_watch) link;
};

struct service {
	const struct svc_main *me;
	const struct svc_info *info;
	const struct inbox_sql *sql;
	struct keys keys;
	struct db *db;
	struct live *live;
	struct peers *peers;
	struct zap *zap;
	zloop_t *loop;
	void *context, *router; /* ZeroMQ */
	char inst[UUID_TEXT], endpoint[256];
	bool draining, done;
	bool sweep_again; /* a full sweep goes on in the next turn of the loop */
	int64_t drain_until;
	int stop_fd; /* eventfd written by the signal handler */
	char (*rung)[UUID_TEXT]; /* ids to claim in this turn */
	size_t n_rung, room_rung;
	char *claim_types, *claim_actions; /* what claim() asks authz, see service_authz.c */
	zhashx_t *interest; /* id -> struct interest */
	STAILQ_HEAD(, after_commit) after;
	LIST_HEAD(, service_watch) watches;
	SLIST_HEAD(, service_timer) timers;
};

/* service_bus.c */
int service_bus_open(struct service *s, const char *bind, const char *advertise);
void service_bus_close(struct service *s);
void service_bus_goodbye(struct service *s);
void service_bus_tidy(struct service *s);
void service_reply_result(struct service *s, const char *id, int64_t state, const void *body, size_t len);
void service_add_rung(struct service *s, const char *id);

/* service_take.c */
void service_work_rung(struct service *s);
void service_sweep(struct service *s);
void service_release_dead(struct service *s);

/* service_authz.c: before the first claim */
void service_authz_prepare(struct service *s);

/* service_cmd.c */
void service_after_commit(struct service *s);
void service_after_rollback(struct service *s);

struct cmd_state {
	int status; /* 0: nothing said yet, means 200 without a body */
	bool rejected;
	char *data, *field, *state, *detail;
};
void cmd_state_release(struct cmd_state *st);
