#pragma once
/*
 * Peers: the replicas one can ring
 *
 * One DEALER per replica (never one for many: BUS T1, T9), CURVE both ways.
 * The owner of the loop watches the sockets (ops->watch) and tells us when one
 * is readable, what replicas exist (peers_set, read from bus.peers() every 2 s)
 * and what time it is (peers_tick, every 100 ms or so). Nothing here blocks.
 */
#include "keys.h"
#include "wire.h"

struct peers;
struct peer;

struct peers_ops {
	/*
	 * Call peer_readable(p) when @zmq_socket has something to read; @fd is its
	 * edge-signalling descriptor (ZMQ_FD). Called for TWO sockets of each peer:
	 * the DEALER and its monitor, which tells of a lost connection within a
	 * millisecond. peer_readable() reads both. Sockets are opened and closed
	 * only inside peers_set(), peers_tick() and peers_free().
	 */
	void (*watch)(void *arg, struct peer *p, void *zmq_socket, int fd);
	void (*unwatch)(void *arg, struct peer *p, void *zmq_socket, int fd);
	/* The result of a command that was rung; @w lives during the call. */
	void (*result)(void *arg, const struct wire *w);
	/* The answer to a query; state 0 means: nobody answered in time. */
	void (*answer)(void *arg, const char *id, bool ok, const void *body, size_t len);
	/* These rung ids have no live replica behind them any more: ring again or let the sweeper. */
	void (*orphan)(void *arg, const char *service, const char *id);
};

struct peer_info {
	char service[32], inst[40], endpoint[128];
	bool draining;
};

struct peers *peers_new(const struct keys *keys, const char *service, const struct peers_ops *ops,
                        void *arg);
struct peers *peers_free(struct peers *ps);
/* The complete list of live replicas of all services. */
void peers_set(struct peers *ps, const struct peer_info *list, size_t n);
/*
 * Reads what waits on both sockets of this peer, at most a few hundred frames.
 * true: more is waiting, call again soon (ZMQ_FD will not signal again). A send
 * may eat the signal too: call this once after peers_flush() and peers_query()
 *:
 * that is peers_poll().
 */
bool peer_readable(struct peer *p);
/* peer_readable() for every peer whose descriptor may have lost its signal through a send. */
void peers_poll(struct peers *ps);
/* Housekeeping; @now_ms is monotonic. */
void peers_tick(struct peers *ps, int64_t now_ms);
/*
 * Rings one live replica of @service (the one with the fewest outstanding) for
 * @id. Bells of one loop turn share frames: they leave at peers_flush().
 * false: no replica to ring; the sweeper will find the row.
 */
bool peers_ring(struct peers *ps, const char *service, const char *id);
void peers_flush(struct peers *ps);
/* No longer waiting for this id (timed out or answered another way). */
void peers_forget(struct peers *ps, const char *id);
/* Asks one replica; ops->answer follows within @timeout_ms. false: nobody to ask. */
bool peers_query(struct peers *ps, const struct msg_def *msg, const void *rec, const char *corr,
                 int64_t timeout_ms, char ret_id[37]);
bool peers_has(const struct peers *ps, const char *service); /* any replica ready? */
