#pragma once
/*
 * Speaking SMTP: a few letters at once, in the service's own loop, nothing blocks
 *
 * Outside this machine the connection is always encrypted and the server's
 * certificate checked: smtps:// from the start, smtp:// by STARTTLS or not at
 * all. Plain smtp:// works only to a loopback address.
 */
#include "buf.h"
#include "service.h"

enum mail_outcome {
	MAIL_ACCEPTED,
	MAIL_REFUSED,   /* for good: the server will not take this letter for this address (5xx) */
	MAIL_TRY_AGAIN, /* not now, or nobody knows: unreachable, 4xx, broken off, our own settings
	                   wrong */
};

struct mail_settings {
	const char *url, *from, *user, *password_file;
	int64_t timeout_s;
};

/* NULL after saying why in the log. */
struct mail *mail_new(struct service *s, const struct mail_settings *settings);
struct mail *mail_free(struct mail *m); /* letters under way are broken off */

/*
 * Starts sending; takes over the contents of @message. Later done(arg, outcome,
 * why) is called once from the loop; @why is a sentence, "" when accepted.
 */
void mail_send(struct mail *m, const char *to, struct buf *message,
               void (*done)(void *arg, enum mail_outcome outcome, const char *why), void *arg);
