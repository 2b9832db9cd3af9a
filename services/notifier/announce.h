#pragma once
/* From an event of another service to rows of notifier.notification. */
#include "service.h"

/* Whether letters go out at all; set once at the start. */
void announce_mail(bool on);

int on_request_event(struct cmd *c, const void *body); /* all request.* events */
int on_run_finished(struct cmd *c, const void *body);

/* Publishes me/<user> for each row (id, user_id, unread). */
void announce_live(struct cmd *c, struct db_rows *rows);
/* The same for one person. */
void announce_unread(struct cmd *c, int64_t user, int64_t notification, int64_t unread);
