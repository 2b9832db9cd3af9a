#include "messages.h"

#include <string.h>

#define MSG_DEFINE(s, wire, k, t, f, act, obj, FIELDS)                                         \
	REC_DEFINE(s, wire, FIELDS)                                                            \
	const struct msg_def s##_msg = { .type = wire, .rec = &s##_def, .kind = MSG_##k,       \
		                         .to = t, .from = f, .action = act, .object = obj };

MESSAGES(MSG_DEFINE)
RECORDS(REC_DEFINE)

#define MSG_ADDRESS(s, wire, k, t, f, act, obj, FIELDS) &s##_msg,
const struct msg_def *const message_defs[] = { MESSAGES(MSG_ADDRESS) NULL };

#define MSG_REC_ADDRESS(s, wire, k, t, f, act, obj, FIELDS) &s##_def,
#define REC_ADDRESS(s, wire, FIELDS) &s##_def,
const struct rec_def *const record_defs[] = { MESSAGES(MSG_REC_ADDRESS) RECORDS(REC_ADDRESS) NULL };

const struct svc_info svc_infos[] = {
	{ SVC_GATEWAY, "gateway", NULL, "sps_gateway" },
	{ SVC_WORKFLOW, "workflow", "workflow", "sps_workflow" },
	{ SVC_HETZNER, "hetzner", "hetzner", "sps_hetzner" },
	{ SVC_RUNNER, "ansible-runner", "runner", "sps_runner" },
	{ SVC_NOTIFIER, "notifier", "notifier", "sps_notifier" },
	{ 0 },
};

const struct msg_def *message_find(const char *type)
{
	for (const struct msg_def *const *m = message_defs; *m; m++)
		if (!strcmp((*m)->type, type))
			return *m;
	return NULL;
}

const struct svc_info *svc_info(enum svc bit)
{
	for (const struct svc_info *s = svc_infos; s->name; s++)
		if (s->bit == bit)
			return s;
	return NULL;
}

const struct svc_info *svc_find(const char *name)
{
	for (const struct svc_info *s = svc_infos; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}
