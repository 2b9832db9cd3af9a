#pragma once
/*
 * What an SQLSTATE means to us (PostgreSQL manual, appendix A): one table for
 * the services and the gateway.
 */
#include <stdbool.h>

enum sqlstate {
	SQLSTATE_OTHER,    /* also NULL: a fault of ours, or nothing we know */
	SQLSTATE_RAISED,   /* class SP: our own SQL says something to a person */
	SQLSTATE_CONFLICT, /* unique, foreign key, exclusion or check violated */
	SQLSTATE_RETRY,    /* the transaction lost a race or its time: the same again may work */
	SQLSTATE_DOWN,     /* the server cannot work now, or not over this connection */
};
enum sqlstate sqlstate(const char *state);
/* RETRY or DOWN: it passes without anybody's doing. */
bool sqlstate_passing(const char *state);
