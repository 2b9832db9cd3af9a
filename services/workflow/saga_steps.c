#include "saga_steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define BASELINE_S (30 * MINUTE)

static int check_project(struct cmd *c, struct request *rq, struct step_outcome *o,
                         enum step_result *ret);
static int check_name(struct cmd *c, struct request *rq, struct step_outcome *o,
                      enum step_result *ret);
static int order_server(struct cmd *c, struct request *rq, struct step_outcome *o,
                        enum step_result *ret);
static int skip_dns(struct cmd *c, struct request *rq, struct step_outcome *o,
                    enum step_result *ret);
static int start_run(struct cmd *c, struct request *rq, struct step_outcome *o,
                     enum step_result *ret);
static int finish(struct cmd *c, struct request *rq, struct step_outcome *o, enum step_result *ret);

/* The owners have shorter limits of their own; these are for when an owner is gone. */
/* clang-format off */
const struct saga_step saga_steps[] = {
	/* name              label                                    %    owner         limit        go */
	{ "validate",       "Check the token and the server type",   5,   SVC_WORKFLOW, DAY,         check_project },
	{ "reserve_name",   "Reserve the name",                      10,  SVC_WORKFLOW, HOUR,        check_name    },
	{ "ssh_key",        "Upload the SSH key",                    15,  SVC_HETZNER,  HOUR,        order_server  },
	{ "create_server",  "Create the server",                     25,  SVC_HETZNER,  HOUR,        order_server  },
	{ "await_action",   "Wait for the provider",                 45,  SVC_HETZNER,  HOUR,        order_server  },
	{ "await_running",  "Wait until the server runs",            55,  SVC_HETZNER,  HOUR,        order_server  },
	{ "record_address", "Record the address",                    60,  SVC_HETZNER,  HOUR,        order_server  },
	{ "dns",            "Publish the name",                      70,  SVC_WORKFLOW, HOUR,        skip_dns      },
	{ "ssh",            "Connect by SSH",                        80,  SVC_RUNNER,   HOUR,        start_run     },
	{ "baseline",       "Set the server up",                     95,  SVC_RUNNER,   2 * HOUR,    start_run     },
	{ "finish",         "Hand the server over",                  100, SVC_WORKFLOW, HOUR,        finish        },
	{ 0 },
};

const struct saga_step saga_undo_step =
	{ "delete_server",  "Delete the server",                     0,   SVC_HETZNER,  HOUR,        NULL          };
/* clang-format on */

const struct saga_step *saga_step(const char *name)
{
	for (const struct saga_step *s = saga_steps; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

/* ---- workflow's own steps ----------------------------------------------------------------- */

/* What must be mended by somebody before a token of this state can be used. */
static const struct {
	const char *state, *text;
} token_waits[] = {
	{ "invalid", "Hetzner does not accept the project's token. It goes on by itself when there "
	             "is a new one." },
	{ "readonly", "The project's token may only read. It goes on by itself when there is one "
	              "that may write." },
	{ "", "Waiting until the project's token has been checked." },
};

static const char *token_wait(const char *state)
{
	for (size_t i = 0;; i++)
		if (!*token_waits[i].state || (state && !strcmp(token_waits[i].state, state)))
			return token_waits[i].text;
}

static int check_project(struct cmd *c, struct request *rq, struct step_outcome *o,
                         enum step_result *ret)
{
	static const struct db_query q = {
		.name = "check_project",
		.sql = "SELECT hetzner.token_state($1::bigint) AS token,"
		       "       runner.public_key($1::bigint) IS NOT NULL AS key,"
		       "       coalesce((SELECT q.orderable FROM hetzner.quote($2, $3) q), false)"
		       "           AS orderable",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const char *token;
	int r;

	r = db_select(c->db, &q, &rows, db_i64(rq->project), db_str(rq->server_type),
	              db_str(rq->location));
	if (r)
		return r;
	db_next(&rows);
	token = db_get_str(&rows, "token");
	*ret = STEP_WAITS;
	o->recheck_s = 5; /* events go on sooner */
	if (!token || strcmp(token, "valid")) {
		o->detail = token_wait(token);
	} else if (!db_get_bool(&rows, "key")) {
		o->detail = "Waiting for the project's SSH key.";
	} else if (!db_get_bool(&rows, "orderable")) {
		*ret = STEP_FAILED;
		o->code = "resource_unavailable";
		o->detail = "This server type cannot be ordered there at the moment. Try again "
			    "later, or ask for another one.";
	} else {
		*ret = STEP_DONE;
	}
	return 0;
}

/* The request holds its name by a unique index; here it is compared with servers that came to be
 * since. */
static int check_name(struct cmd *c, struct request *rq, struct step_outcome *o,
                      enum step_result *ret)
{
	static const struct db_query q = {
		.name = "check_name",
		.sql = "SELECT workflow.name_in_use($1::bigint, $2) AS taken",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r;

	r = db_select(c->db, &q, &rows, db_i64(rq->project), db_str(rq->name));
	if (r)
		return r;
	db_next(&rows);
	*ret = db_get_bool(&rows, "taken") ? STEP_FAILED : STEP_DONE;
	o->code = "uniqueness_error";
	o->detail = *ret == STEP_FAILED ? "The project has a server with this name already." : NULL;
	return 0;
}

static int skip_dns(struct cmd *c, struct request *rq, struct step_outcome *o,
                    enum step_result *ret)
{
	(void)c;
	(void)rq;
	o->detail = "The project has no DNS zone.";
	*ret = STEP_SKIPPED;
	return 0;
}

static int finish(struct cmd *c, struct request *rq, struct step_outcome *o, enum step_result *ret)
{
	(void)c;
	(void)rq;
	(void)o;
	*ret = STEP_DONE;
	return 0;
}

/* ---- steps of others ---------------------------------------------------------------------- */

/* From here on a server may exist: undoing means deleting. */
static int mark_ordered(struct cmd *c, struct request *rq, struct db_rows *ret_rows)
{
	static const struct db_query q = {
		.name = "mark_ordered",
		.sql = "UPDATE workflow.request SET ordered = true WHERE id = $1"
		       " RETURNING runner.public_key(project) AS key",
	};
	int r;

	rq->ordered = true;
	r = db_select(c->db, &q, ret_rows, db_i64(rq->id));
	if (!r)
		db_next(ret_rows);
	return r;
}

/* Repeating it never creates a second server: the operation id is the same. */
static int order_server(struct cmd *c, struct request *rq, struct step_outcome *o,
                        enum step_result *ret)
{
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	struct server_create out = {
		.op = rq->op,
		.request = rq->id,
		.project = rq->project,
		.name = rq->name,
		.server_type = rq->server_type,
		.location = rq->location,
		.image = rq->image,
		.attempt = rq->attempt,
	};
	char agg[40];
	int r;

	r = mark_ordered(c, rq, &rows);
	if (r)
		return r;
	out.ssh_key = db_get_str(&rows, "key");
	if (!out.ssh_key) {
		*ret = STEP_FAILED;
		o->code = "no_ssh_key";
		o->detail = "The project has lost its SSH key. Ask an administrator.";
		return 0;
	}
	*ret = STEP_WAITS;
	snprintf(agg, sizeof(agg), "request:%" PRId64, rq->id);
	return cmd_send(c, &server_create_msg, &out, agg);
}

static int start_run(struct cmd *c, struct request *rq, struct step_outcome *o,
                     enum step_result *ret)
{
	const struct run_start out = {
		.op = rq->op,
		.attempt = rq->attempt,
		.request = rq->id,
		.project = rq->project,
		.server = rq->server_id,
		.name = rq->name,
		.address = rq->address,
		.playbook = "baseline",
		.purpose = "baseline",
		.timeout_s = BASELINE_S,
		.priority = rq->priority,
	};
	char agg[40];

	if (!rq->server_id || !rq->address) {
		*ret = STEP_FAILED;
		o->code = "no_address";
		o->detail = "The server has no address that can be reached.";
		return 0;
	}
	*ret = STEP_WAITS;
	snprintf(agg, sizeof(agg), "request:%" PRId64, rq->id);
	return cmd_send(c, &run_start_msg, &out, agg);
}
