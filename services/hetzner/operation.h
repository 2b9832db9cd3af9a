#pragma once
/*
 * Operations: one creates one server, and later deletes that one
 *
 * A row of hetzner.operation is a state and a time at which it is due. A
 * replica claims a due row (owner and fence), asks the provider one question or
 * sends one order, and records what came of it in one transaction with the
 * events about it. A replica that dies leaves a claimed row; another takes it
 * over and begins with the state's question, so every state is safe to enter
 * again:
 *
 *     key      is the project's SSH key there? upload it if not
 *     create   -> sent, recorded before the order goes out
 *     sent     nobody knows: is there a server of this name, and is it ours?
 *              ours: adopted; somebody else's: failed; none: back to create
 *     action, running    wait
 *     done, failed
 *     delete_find, delete_send, delete_wait, deleted, delete_failed
 */
#include "client.h"
#include "service.h"

enum op_state {
	OP_KEY,
	OP_CREATE,
	OP_SENT,
	OP_ACTION,
	OP_RUNNING,
	OP_DONE,
	OP_FAILED,
	OP_DELETE_FIND,
	OP_DELETE_SEND,
	OP_DELETE_WAIT,
	OP_DELETED,
	OP_DELETE_FAILED,
	OP_STATES
};

#define OP_ACTIONS ANSWER_ACTIONS
/* An order that went out so long ago that it cannot be on its way any more. */
#define ORDER_SETTLED_S (CLIENT_TIMEOUT_MS / 1000 + 5)

struct operation {
	char op[UUID_TEXT], corr[UUID_TEXT];
	enum op_state state;
	int64_t request, project, attempt, fence, tries, polls;
	int64_t key_id, provider_server;
	int64_t age_s;    /* in this state */
	int64_t posted_s; /* since the creating order went out; -1: none whose outcome is open */
	int64_t orders;   /* that went out, each with a phone_home token of its own */
	bool taken;       /* the last order was told that the name is taken */
	char name[64], server_type[64], location[64], image[64], ssh_key[804];
	int64_t actions[OP_ACTIONS];
	size_t n_actions;
};

struct op_settings {
	const char *public_url;
	const uint8_t *storage_key; /* 32 bytes; what tokens of phone_home are derived from */
	int64_t poll_ms;
};

int on_server_create(struct cmd *c, const void *body);
int on_server_delete(struct cmd *c, const void *body);

void operations_start(struct service *s, struct client *client, const struct op_settings *settings);

/* ---- between operation.c and operation_steps.c: inside the transaction that records ---------- */

/* The saga's step of a state: "create_server"; NULL: none. */
const char *op_step(enum op_state state);

/* Moves on and reports the steps that are done and begun; due after @wait_ms. Releases the claim.
 */
int op_move(struct cmd *c, const struct operation *o, enum op_state to, int64_t wait_ms);
/* Stays for another look. @failed counts as a try. */
int op_stay(struct cmd *c, const struct operation *o, int64_t wait_ms, bool failed);
/* The end: the saga is told why. */
int op_fail(struct cmd *c, const struct operation *o, const char *code, const char *message);
/* The replica still holds the claim? Locks the row. */
int op_still_ours(struct cmd *c, const struct operation *o, bool *ret);
/* Pause before the next look while waiting: grows from poll_ms to 5 s. */
int64_t op_pause_ms(const struct operation *o);

/* What is due: asks the question of its state. Later exactly one transaction records the answer. */
void op_ask(const struct operation *o);
void op_steps_init(struct service *s, struct client *client, const struct op_settings *settings);
