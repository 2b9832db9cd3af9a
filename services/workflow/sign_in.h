#pragma once
/*
 * session.verify: is this the person's password?
 *
 * The password comes by a call, which is never written down, and is compared
 * in the hash pool. Unknown people cost the same work and get the same answer
 * as wrong passwords and accounts that may not sign in.
 */
#include "service.h"

int sign_in_start(struct service *s);
void sign_in_stop(void);
bool sign_in_idle(struct service *s); /* nobody waits for an answer */

void on_session_verify(struct call *q, const void *body);
