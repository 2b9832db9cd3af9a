#include "operation_steps.h"
#include "err.h"
#include "token.h"

#include <stdio.h>
#include <stdlib.h>

#define NOT_NOW_MS 1000  /* a spent hour refills by one request a second */
#define LAST_FEW "0.001" /* of the hour are left to what has begun, so that it comes to its end */
#define STATUS_NO_BUDGET 429
#define PATH_BYTES 400
#define UNREADABLE "Hetzner gave an answer that nobody understands. Retry later."

static struct {
	struct service *svc;
	struct client *client;
	struct op_settings settings;
} steps;

const struct op_settings *work_settings(void)
{
	return &steps.settings;
}

void work_end(struct work *w)
{
	free(w);
}

/* ---- recording ----------------------------------------------------------------------------- */

struct recording {
	struct work *w;
	int (*fn)(struct cmd *c, struct work *w);
	bool ours;
};

static int record(struct cmd *c, void *arg)
{
	struct recording *rec = arg;
	int r;

	if (rec->w->o.corr[0]) /* what happens now belongs to the request that ordered it */
		snprintf(c->corr, sizeof(c->corr), "%s", rec->w->o.corr);
	r = op_still_ours(c, &rec->w->o, &rec->ours);
	return r || !rec->ours ? r : rec->fn(c, rec->w);
}

bool work_record(struct work *w, int (*fn)(struct cmd *c, struct work *w))
{
	struct recording rec = { .w = w, .fn = fn };

	return !svc_transaction(steps.svc, record, &rec) && rec.ours;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void on_reply(void *arg, const struct reply *reply)
{
	struct work *w = arg;

	log_correlation(w->o.corr);
	token_spent(steps.svc, w->o.project, reply);
	w->reply = reply;
	w->then = NULL;
	if (!work_record(w, w->settle) || !w->then)
		work_end(w);
	else
		w->then(w);
	log_correlation(NULL);
}

static int no_token(struct cmd *c, struct work *w)
{
	return op_fail(c, &w->o, "no_token",
	               "The project has no token for Hetzner that can be used.");
}

/* Nothing is known that would be an answer: the state's question is asked again. */
static int not_now(struct cmd *c, struct work *w)
{
	return op_stay(c, &w->o, NOT_NOW_MS, false);
}

/* In the middle of several questions it is as if the provider had said so. */
static int no_budget(struct cmd *c, struct work *w)
{
	const struct policy *p = policy_for(METHOD_READ, STATUS_NO_BUDGET, "");

	if (!w->asked)
		return not_now(c, w);
	if (w->o.tries < p->tries)
		return op_stay(c, &w->o, policy_wait_ms(p, (int)w->o.tries), true);
	return op_fail(c, &w->o, "rate_limit_exceeded", p->say);
}

/* The first request was paid for before anything was recorded about it. */
static bool paid(const struct work *w, const char *path)
{
	return !w->asked || token_spend(steps.svc, w->o.project, client_bucket(path), "0");
}

static void send(struct work *w, const char *method, json_t *body, const char *path)
{
	_cleanup_(token_release) struct token token = { 0 };
	int r = token_load(steps.svc, w->o.project, &token);

	if (!r && paid(w, path)) {
		w->asked = true;
		w->token = token.version;
		client_send(steps.client, method, token.text, body, on_reply, w, "%s", path);
		return;
	}
	json_decref(body);
	work_record(w, r == TOKEN_E_NONE ? no_token : r ? not_now : no_budget);
	work_end(w);
}

void work_get(struct work *w, int (*settle)(struct cmd *c, struct work *w), const char *fmt, ...)
{
	char path[PATH_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	w->settle = settle;
	send(w, "GET", NULL, path);
}

void work_send(struct work *w, const char *method, json_t *body,
               int (*settle)(struct cmd *c, struct work *w), const char *fmt, ...)
{
	char path[PATH_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	w->settle = settle;
	send(w, method, body, path);
}

/* ---- answers ------------------------------------------------------------------------------- */

int work_default(struct cmd *c, struct work *w)
{
	const struct policy *p = w->reply->policy;
	const char *code = w->reply->error.code[0] ? w->reply->error.code : "provider_error";
	const char *say = p->say ? p->say : w->reply->error.message;
	bool replaced;
	int r;

	switch (p->verdict) {
	case VERDICT_RETRY:
	case VERDICT_UNKNOWN:
		if (w->o.tries < p->tries)
			return op_stay(c, &w->o, policy_wait_ms(p, (int)w->o.tries), true);
		return op_fail(c, &w->o, w->reply->status ? code : "unreachable", say);
	case VERDICT_TOKEN:
		r = token_blame(c, w->o.project, w->token, w->reply, &replaced);
		if (r)
			return r;
		return replaced ? op_stay(c, &w->o, 0, false) : op_fail(c, &w->o, code, say);
	case VERDICT_OK:
	case VERDICT_ABSENT:
	case VERDICT_TAKEN:
	case VERDICT_FAIL:
		break;
	}
	return op_fail(c, &w->o, code, *say ? say : UNREADABLE);
}

int work_unreadable(struct cmd *c, struct work *w)
{
	const struct policy *p = policy_for(METHOD_READ, STATUS_NO_ANSWER, "");

	if (w->o.tries < p->tries)
		return op_stay(c, &w->o, policy_wait_ms(p, (int)w->o.tries), true);
	return op_fail(c, &w->o, "provider_bad_answer", UNREADABLE);
}

/* ---- what is due --------------------------------------------------------------------------- */

/* clang-format off */
static void (*const asks[OP_STATES])(struct work *w) = {
	[OP_KEY]         = ask_key,
	[OP_CREATE]      = ask_create,
	[OP_SENT]        = ask_sent,
	[OP_ACTION]      = ask_action,
	[OP_RUNNING]     = ask_running,
	[OP_DELETE_FIND] = ask_delete_find,
	[OP_DELETE_SEND] = ask_delete_send,
	[OP_DELETE_WAIT] = ask_delete_wait,
};
/* clang-format on */

void op_ask(const struct operation *o)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->o = *o;
	pages_start(&w->pages);
	if (token_spend(steps.svc, o->project, o->state == OP_ACTION ? "actions" : "main",
	                LAST_FEW)) {
		asks[o->state](w);
	} else {
		work_record(w, no_budget);
		work_end(w);
	}
}

void op_steps_init(struct service *s, struct client *client, const struct op_settings *settings)
{
	steps.svc = s;
	steps.client = client;
	steps.settings = *settings;
}
