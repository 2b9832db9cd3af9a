#pragma once
/* What people do with their notifications: mark them as read. */
#include "service.h"

int on_notification_read(struct cmd *c, const void *body);
int on_notification_read_all(struct cmd *c, const void *body);
