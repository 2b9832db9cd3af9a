#pragma once
/*
 * One link to one replica: a DEALER socket with CURVE, its monitor, and the
 * greeting. Private to peers.c.
 */
#include "peers.h"
#include "uuid.h"

#define PEERS_MAX 64

enum peer_state { PEER_CONNECTING, PEER_READY, PEER_DRAINING, PEER_BROKEN };

struct peer {
	struct peer_info info;
	struct peers *owner;
	enum peer_state state;
	void *dealer, *monitor; /* ZeroMQ sockets, or NULL while broken */
	int64_t since;          /* when the state was entered */
	bool gone;              /* not in bus.peers() any more */
	bool touched;           /* sent on: the descriptor may have lost its signal */
	size_t outstanding;     /* bells without a result */
	size_t n_bells;         /* bells of this turn, not sent yet */
	char bells[WIRE_RING_MAX][UUID_TEXT];
};

/* What every link needs; owned by peers.c. */
struct peer_net {
	void *context;
	const struct keys *keys;
	const char *service;
	char inst[UUID_TEXT];
};

/* Opens the sockets. false: no key for that service, or out of sockets. */
bool peer_open(struct peer *p, const struct peer_net *net);
void peer_close(struct peer *p);
bool peer_send(struct peer *p, const struct wire *w);
bool peer_hello(struct peer *p, const struct peer_net *net);

enum peer_news { NEWS_NONE, NEWS_UP, NEWS_DOWN };
/* The next thing the monitor saw. */
enum peer_news peer_monitor_read(struct peer *p);
/* The next frame; false when none waits. A malformed one is dropped and *ret_ok is false. */
bool peer_receive(struct peer *p, struct wire *ret_w, bool *ret_ok);
