#pragma once
/*
 * Every message that crosses the bus. This file is the contract: add a row
 * here and the struct, the codec, the HTTP validation, the OpenAPI document,
 * the subscription table and the round-trip and fuzz tests follow.
 *
 * Fields may be added (not REC_REQUIRED) but never renamed, retyped or reused.
 *
 * Kinds (DESIGN: three kinds of message):
 *   COMMAND  journalled in the target's inbox, done exactly once, has a result
 *   EVENT    journalled once per subscriber (column "to"), has no result
 *   CALL     not journalled, answered or lost within a deadline
 *
 * Columns of MESSAGES: struct, wire type, kind, to, from, action, object
 *   action   what authz asks for when the actor is a person ("-": only services send it)
 *   object   the field that holds the id of the thing acted on ("" for none)
 */
#include "record.h"

enum svc {
	SVC_GATEWAY = 1 << 0,
	SVC_WORKFLOW = 1 << 1,
	SVC_HETZNER = 1 << 2,
	SVC_RUNNER = 1 << 3,
	SVC_NOTIFIER = 1 << 4,
};

enum msg_kind { MSG_COMMAND, MSG_EVENT, MSG_CALL };

struct msg_def {
	const char *type;
	const struct rec_def *rec;
	enum msg_kind kind;
	unsigned to;   /* enum svc: one bit for COMMAND and CALL, any number for EVENT */
	unsigned from; /* enum svc: who may send it; anybody else is refused and audited */
	const char *action;
	const char *object;
};

/* clang-format off */

/* ---- what people do; gateway -> workflow ------------------------------------------------- */

#define REQUEST_SUBMIT(F, m)                                                                     \
	F(m, I64, project,       REC_REQUIRED, ID,                        "project that will own the server")      \
	F(m, STR, name,          REC_REQUIRED, LEN(1, 63) FORMAT(HOSTNAME), "name of the server")                  \
	F(m, STR, client,        REC_REQUIRED, LEN(1, 120) FORMAT(LINE),  "the client it is for")                  \
	F(m, STR, server_type,   REC_REQUIRED, LEN(1, 40) FORMAT(NAME),   "server type of the catalogue, like cx23") \
	F(m, STR, location,      REC_REQUIRED, LEN(1, 40) FORMAT(NAME),   "location of the catalogue, like fsn1")  \
	F(m, STR, image,         0,            LEN(1, 60) FORMAT(NAME),   "system image; debian-12 when absent")   \
	F(m, STR, subdomain,     0,            LEN(1, 63) FORMAT(HOSTNAME), "label below the project's domain")    \
	F(m, STR, usage,         0,            LEN(0, 200) FORMAT(LINE),  "what it will be used for")              \
	F(m, STR, priority,      0,            LEN(1, 10) CHOICE("low normal high urgent"), "normal when absent")  \
	F(m, STR, justification, 0,            LEN(0, 2000) FORMAT(TEXT), "why it is needed")

#define REQUEST_DECIDE(F, m)                                                                     \
	F(m, I64, request, REC_REQUIRED | REC_PATH, ID,                   "the request")                           \
	F(m, I64, version, REC_REQUIRED, RANGE(1, INT32_MAX),             "version the person was looking at")

#define REQUEST_REJECT(F, m)                                                                     \
	REQUEST_DECIDE(F, m)                                                                     \
	F(m, STR, reason,  REC_REQUIRED, LEN(5, 1000) FORMAT(TEXT),       "why; the requester reads it")

#define REQUEST_CANCEL(F, m)                                                                     \
	REQUEST_DECIDE(F, m)                                                                     \
	F(m, STR, reason,  0, LEN(0, 1000) FORMAT(TEXT),                  "why")

#define REQUEST_ROLLBACK(F, m)                                                                   \
	REQUEST_DECIDE(F, m)                                                                     \
	F(m, STR, name,    REC_REQUIRED, LEN(1, 63) FORMAT(HOSTNAME),     "the server's name, typed again")

#define PROJECT_CREATE(F, m)                                                                     \
	F(m, STR, name,                REC_REQUIRED, LEN(1, 60) FORMAT(LINE), "name, unique among projects")       \
	F(m, STR, description,         0, LEN(0, 1000) FORMAT(TEXT),      "what it is for")                        \
	F(m, SEAL, token,              REC_REQUIRED | REC_SECRET, LEN(20, 200) SEALED_FOR("hetzner"), "Hetzner Cloud API token with read and write rights; it can never be read back") \
	F(m, I64, budget_minor,        0, RANGE(0, 100000000000),         "most the project may cost a month, in cents; 0 means no limit") \
	F(m, I64, server_cap,          0, RANGE(0, 10000),                "most servers it may have; 0 means no limit") \
	F(m, BOOL, open_for_sales,     0, ,                               "sales agents may request servers in it") \
	F(m, STR, environment,         0, LEN(1, 20) CHOICE("production staging development"), "production when absent") \
	F(m, I64, manager_limit_minor, 0, RANGE(0, 100000000000),         "a technical manager may approve up to this a month, in cents; 0 means never") \
	F(m, BOOL, manual_provision,   0, ,                               "approved requests wait until someone starts them")

#define PROJECT_TOKEN(F, m)                                                                      \
	F(m, I64, project, REC_REQUIRED | REC_PATH, ID,                   "the project")                           \
	F(m, SEAL, token,  REC_REQUIRED | REC_SECRET, LEN(20, 200) SEALED_FOR("hetzner"), "Hetzner Cloud API token with read and write rights; it takes the place of the one before")

/* ---- calls ------------------------------------------------------------------------------- */

#define SESSION_VERIFY(F, m)                                                                     \
	F(m, STR, username, REC_REQUIRED, LEN(1, 64) FORMAT(LINE),        "user name")                             \
	F(m, STR, password, REC_REQUIRED | REC_SECRET, LEN(1, 256),       "password")                              \
	F(m, STR, totp,     REC_SECRET, LEN(0, 12) FORMAT(LINE),          "six digits, when two-factor sign-in is on") \
	F(m, STR, network,  REC_INNER, LEN(0, 64) FORMAT(LINE),           "address the person comes from")

/* the answer to session.verify */
#define SESSION_VERDICT(F, m)                                                                    \
	F(m, STR, verdict,    REC_REQUIRED, LEN(1, 20) CHOICE("ok denied busy throttled"), "")       \
	F(m, I64, user,       0, , "")                                                               \
	F(m, I64, generation, 0, , "session generation; a changed one ends the session")            \
	F(m, I64, retry_after_s, 0, , "")

#define EMPTY(F, m)                                                                              \
	F(m, BOOL, unused, REC_INNER, , "a record needs a field")

/* ---- to the notifier and the runner from people -------------------------------------------- */

#define NOTIFICATION_READ(F, m)                                                                  \
	F(m, I64, notification, REC_REQUIRED | REC_PATH, ID,              "the notification")

#define RUN_CANCEL(F, m)                                                                         \
	F(m, I64, run, REC_REQUIRED | REC_PATH, ID,                       "the run")                               \
	F(m, STR, reason, 0, LEN(0, 1000) FORMAT(TEXT),                   "why")

/* cloud-init's phone_home, taken by the gateway from anybody who knows the token */
#define HOSTKEY_REPORT(F, m)                                                                     \
	F(m, STR, token_hash, REC_REQUIRED, LEN(64, 64) FORMAT(HEX),      "BLAKE2b-256 of the token in the address") \
	F(m, STR, key,        REC_REQUIRED, LEN(20, 800) FORMAT(LINE),    "ssh-ed25519 AAAA...")

/* ---- between services --------------------------------------------------------------------- */

/* workflow -> hetzner: a project has a (new) token. Opened only there. */
#define TOKEN_SET(F, m)                                                                          \
	F(m, I64, project,   REC_REQUIRED, ID, "")                                                   \
	F(m, BIN, token,     REC_REQUIRED | REC_SECRET, LEN(1, 1024), "as the gateway sealed it")    \
	F(m, STR, sealed_in, REC_REQUIRED, LEN(1, 200), "context it was sealed with: message type, command id, field")

/* workflow -> ansible-runner: make the project's SSH key pair if it has none */
#define IDENTITY_CREATE(F, m)                                                                    \
	F(m, I64, project,   REC_REQUIRED, ID, "")

/* workflow -> hetzner: create the server of this operation; repeating it never creates a second */
#define SERVER_CREATE(F, m)                                                                      \
	F(m, STR, op,          REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "operation id; becomes the label sps-op") \
	F(m, I64, request,     REC_REQUIRED, ID, "")                                                 \
	F(m, I64, project,     REC_REQUIRED, ID, "")                                                 \
	F(m, STR, name,        REC_REQUIRED, LEN(1, 63) FORMAT(HOSTNAME), "")                        \
	F(m, STR, server_type, REC_REQUIRED, LEN(1, 40) FORMAT(NAME), "")                            \
	F(m, STR, location,    REC_REQUIRED, LEN(1, 40) FORMAT(NAME), "")                            \
	F(m, STR, image,       REC_REQUIRED, LEN(1, 60) FORMAT(NAME), "")                            \
	F(m, STR, ssh_key,     REC_REQUIRED, LEN(20, 800) FORMAT(LINE), "public key of the project") \
	F(m, I64, attempt,     REC_REQUIRED, RANGE(1, 1000), "attempt of the saga; a retry raises it")

/* workflow -> hetzner: delete the server that operation @op created, and nothing else */
#define SERVER_DELETE(F, m)                                                                      \
	F(m, STR, op,      REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                               \
	F(m, I64, request, REC_REQUIRED, ID, "")                                                     \
	F(m, I64, project, REC_REQUIRED, ID, "")

/* workflow -> ansible-runner: run a playbook on one server */
#define RUN_START(F, m)                                                                          \
	F(m, STR, op,        REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "saga operation; the same op and attempt start one run") \
	F(m, I64, attempt,   REC_REQUIRED, RANGE(1, 1000), "")                                       \
	F(m, I64, request,   REC_REQUIRED, ID, "")                                                   \
	F(m, I64, project,   REC_REQUIRED, ID, "")                                                   \
	F(m, I64, server,    REC_REQUIRED, ID, "hetzner.server.id")                                  \
	F(m, STR, name,      REC_REQUIRED, LEN(1, 63) FORMAT(HOSTNAME), "inventory name")            \
	F(m, STR, address,   REC_REQUIRED, LEN(2, 45) FORMAT(LINE), "IP address")                    \
	F(m, STR, playbook,  REC_REQUIRED, LEN(1, 63) FORMAT(HOSTNAME), "file below deploy/playbooks, without .yml") \
	F(m, STR, purpose,   REC_REQUIRED, LEN(1, 20) CHOICE("baseline"), "")                        \
	F(m, I64, timeout_s, REC_REQUIRED, RANGE(1, 86400), "")                                      \
	F(m, STR, priority,  0,            LEN(1, 10) CHOICE("low normal high urgent"), "normal when absent")

/* workflow -> ansible-runner: what was ordered for an operation is not wanted any more, whether it has begun or not */
#define RUN_REVOKE(F, m)                                                                         \
	F(m, STR, op,      REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                               \
	F(m, I64, request, REC_REQUIRED, ID, "")                                                     \
	F(m, I64, attempt, REC_REQUIRED, RANGE(1, 1000), "orders of this attempt and of earlier ones; a retry raises it") \
	F(m, STR, reason,  0, LEN(0, 1000) FORMAT(TEXT), "why")

/* ---- events ------------------------------------------------------------------------------- */

/* workflow -> notifier: something happened to a request; the notifier decides who is told */
#define REQUEST_EVENT(F, m)                                                                      \
	F(m, I64, request,   REC_REQUIRED, ID, "")                                                   \
	F(m, I64, project,   REC_REQUIRED, ID, "")                                                   \
	F(m, I64, requester, REC_REQUIRED, ID, "user who asked")                                     \
	F(m, I64, actor,     0, , "user who did it; 0: the system")                                  \
	F(m, STR, name,      REC_REQUIRED, LEN(1, 63), "server name")                                \
	F(m, STR, client,    0, LEN(0, 120), "")                                                     \
	F(m, STR, detail,    0, LEN(0, 1000), "reason, failing step or address; never a secret")

#define TOKEN_CHECKED(F, m)                                                                      \
	F(m, I64, project, REC_REQUIRED, ID, "")                                                     \
	F(m, STR, state,   REC_REQUIRED, LEN(1, 20) CHOICE("valid invalid readonly"), "")            \
	F(m, STR, detail,  0, LEN(0, 400), "")

#define IDENTITY_CREATED(F, m)                                                                   \
	F(m, I64, project,    REC_REQUIRED, ID, "")                                                  \
	F(m, STR, public_key, REC_REQUIRED, LEN(20, 800) FORMAT(LINE), "")

/* hetzner -> ansible-runner: a server is about to exist; expect its host key under this token */
#define SERVER_CREATING(F, m)                                                                    \
	F(m, STR, op,         REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                            \
	F(m, I64, request,    REC_REQUIRED, ID, "")                                                  \
	F(m, I64, project,    REC_REQUIRED, ID, "")                                                  \
	F(m, STR, token_hash, REC_REQUIRED, LEN(64, 64) FORMAT(HEX), "BLAKE2b-256 of the phone_home token")

/* hetzner or ansible-runner -> workflow: one step of the saga moved */
#define STEP_PROGRESS(F, m)                                                                      \
	F(m, STR, op,      REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                               \
	F(m, I64, request, REC_REQUIRED, ID, "")                                                     \
	F(m, I64, attempt, REC_REQUIRED, RANGE(1, 1000), "attempt this belongs to; an older one is ignored") \
	F(m, STR, step,    REC_REQUIRED, LEN(1, 30) FORMAT(NAME), "ssh_key, create_server, await_action, await_running, record_address, ssh, baseline") \
	F(m, STR, state,   REC_REQUIRED, LEN(1, 10) CHOICE("running done skipped"), "")              \
	F(m, STR, detail,  0, LEN(0, 400), "a sentence for people")

#define SERVER_CREATED(F, m)                                                                     \
	F(m, STR, op,          REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                           \
	F(m, I64, request,     REC_REQUIRED, ID, "")                                                 \
	F(m, I64, attempt,     REC_REQUIRED, RANGE(1, 1000), "")                                     \
	F(m, I64, project,     REC_REQUIRED, ID, "")                                                 \
	F(m, I64, server,      REC_REQUIRED, ID, "hetzner.server.id")                                \
	F(m, STR, name,        REC_REQUIRED, LEN(1, 63), "")                                         \
	F(m, STR, ipv4,        0, LEN(0, 45), "")                                                    \
	F(m, STR, ipv6,        0, LEN(0, 64), "")

/* hetzner -> workflow: creating or deleting failed for good (its own retries are used up) */
#define SERVER_FAILED(F, m)                                                                      \
	F(m, STR, op,      REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                               \
	F(m, I64, request, REC_REQUIRED, ID, "")                                                     \
	F(m, I64, attempt, REC_REQUIRED, RANGE(1, 1000), "")                                         \
	F(m, STR, step,    REC_REQUIRED, LEN(1, 30) FORMAT(NAME), "")                                \
	F(m, STR, code,    REC_REQUIRED, LEN(1, 60), "provider's error code, or ours")               \
	F(m, STR, message, REC_REQUIRED, LEN(1, 600), "a sentence for people")                       \
	F(m, BOOL, cost_running, 0, , "a server exists and costs money")

#define SERVER_DELETED(F, m)                                                                     \
	F(m, STR, op,      REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                               \
	F(m, I64, request, REC_REQUIRED, ID, "")                                                     \
	F(m, I64, server,  0, , "0: there was none")

#define RUN_FINISHED(F, m)                                                                       \
	F(m, I64, run,     REC_REQUIRED, ID, "")                                                     \
	F(m, STR, op,      REC_REQUIRED, LEN(36, 36) FORMAT(UUID), "")                               \
	F(m, I64, request, REC_REQUIRED, ID, "")                                                     \
	F(m, I64, attempt, REC_REQUIRED, RANGE(1, 1000), "")                                         \
	F(m, I64, server,  REC_REQUIRED, ID, "")                                                     \
	F(m, STR, state,   REC_REQUIRED, LEN(1, 20) CHOICE("succeeded failed cancelled timed_out lost"), "") \
	F(m, STR, reason,  0, LEN(0, 60), "unreachable, host_key_changed, output_limit, ...")        \
	F(m, STR, message, 0, LEN(0, 600), "a sentence for people")                                  \
	F(m, I64, ok,      0, , "")                                                                  \
	F(m, I64, changed, 0, , "")                                                                  \
	F(m, I64, failed,  0, , "")

#define GW SVC_GATEWAY
#define WF SVC_WORKFLOW
#define HC SVC_HETZNER
#define AR SVC_RUNNER
#define NT SVC_NOTIFIER

#define MESSAGES(M)                                                                                                  \
	/* struct            type                     kind     to       from     action              object    */    \
	M(session_verify,    "session.verify",        CALL,    WF,      GW,      "-",                "",           SESSION_VERIFY)    \
	M(service_ping,      "service.ping",          CALL,    WF | HC | AR | NT, GW, "-",           "",           EMPTY)             \
	M(request_submit,    "request.submit",        COMMAND, WF,      GW,      "request.create",   "project",    REQUEST_SUBMIT)    \
	M(request_approve,   "request.approve",       COMMAND, WF,      GW,      "request.approve",  "request",    REQUEST_DECIDE)    \
	M(request_reject,    "request.reject",        COMMAND, WF,      GW,      "request.reject",   "request",    REQUEST_REJECT)    \
	M(request_cancel,    "request.cancel",        COMMAND, WF,      GW,      "request.cancel",   "request",    REQUEST_CANCEL)    \
	M(request_provision, "request.provision",     COMMAND, WF,      GW,      "request.provision","request",    REQUEST_DECIDE)    \
	M(request_retry,     "request.retry",         COMMAND, WF,      GW,      "request.retry",    "request",    REQUEST_DECIDE)    \
	M(request_rollback,  "request.rollback",      COMMAND, WF,      GW,      "request.rollback", "request",    REQUEST_ROLLBACK)  \
	M(project_create,    "project.create",        COMMAND, WF,      GW,      "project.create",   "",           PROJECT_CREATE)    \
	M(project_token_set, "project.token_set",     COMMAND, WF,      GW,      "project.token",    "project",    PROJECT_TOKEN)     \
	M(run_cancel,        "run.cancel",            COMMAND, AR,      GW,      "run.cancel",       "run",        RUN_CANCEL)        \
	M(notification_read, "notification.read",     COMMAND, NT,      GW,      "notification.read","notification", NOTIFICATION_READ) \
	M(notification_read_all, "notification.read_all", COMMAND, NT,  GW,      "self",             "",           EMPTY)             \
	M(hostkey_report,    "hostkey.report",        COMMAND, AR,      GW,      "-",                "",           HOSTKEY_REPORT)    \
	M(token_set,         "token.set",             COMMAND, HC,      WF,      "-",                "",           TOKEN_SET)         \
	M(identity_create,   "identity.create",       COMMAND, AR,      WF,      "-",                "",           IDENTITY_CREATE)   \
	M(server_create,     "server.create",         COMMAND, HC,      WF,      "-",                "",           SERVER_CREATE)     \
	M(server_delete,     "server.delete",         COMMAND, HC,      WF,      "-",                "",           SERVER_DELETE)     \
	M(run_start,         "run.start",             COMMAND, AR,      WF,      "-",                "",           RUN_START)         \
	M(run_revoke,        "run.revoke",            COMMAND, AR,      WF,      "-",                "",           RUN_REVOKE)        \
	M(request_submitted, "request.submitted",     EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(request_approved,  "request.approved",      EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(request_rejected,  "request.rejected",      EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(request_cancelled, "request.cancelled",     EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(request_deploying, "request.deploying",     EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(request_deployed,  "request.deployed",      EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(request_failed,    "request.failed",        EVENT,   NT,      WF,      "-",                "",           REQUEST_EVENT)     \
	M(token_checked,     "token.checked",         EVENT,   WF,      HC,      "-",                "",           TOKEN_CHECKED)     \
	M(identity_created,  "identity.created",      EVENT,   WF,      AR,      "-",                "",           IDENTITY_CREATED)  \
	M(server_creating,   "server.creating",       EVENT,   AR,      HC,      "-",                "",           SERVER_CREATING)   \
	M(step_progress,     "step.progress",         EVENT,   WF,      HC | AR, "-",                "",           STEP_PROGRESS)     \
	M(server_created,    "server.created",        EVENT,   WF,      HC,      "-",                "",           SERVER_CREATED)    \
	M(server_failed,     "server.failed",         EVENT,   WF,      HC,      "-",                "",           SERVER_FAILED)     \
	M(server_deleted,    "server.deleted",        EVENT,   WF | AR, HC,      "-",                "",           SERVER_DELETED)    \
	M(run_finished,      "run.finished",          EVENT,   WF | NT, AR,      "-",                "",           RUN_FINISHED)

/* Records that travel inside other frames and are no message of their own. */
#define RECORDS(R)                                                                               \
	R(session_verdict, "session.verdict", SESSION_VERDICT)

/* clang-format on */

#define MSG_DECLARE(s, wire, kind, to, from, action, object, FIELDS) \
	REC_DECLARE(s, FIELDS)                                       \
	extern const struct msg_def s##_msg;
#define MSG_DECLARE_REC(s, wire, FIELDS) REC_DECLARE(s, FIELDS)

MESSAGES(MSG_DECLARE)
RECORDS(MSG_DECLARE_REC)

extern const struct msg_def *const message_defs[]; /* NULL-terminated, in the order above */
extern const struct rec_def *const record_defs[];  /* NULL-terminated: all records, of messages too */

const struct msg_def *message_find(const char *type); /* NULL: unknown */

struct svc_info {
	enum svc bit;
	const char *name;   /* folder, key files, bus.instance.service: "ansible-runner" */
	const char *schema; /* PostgreSQL schema it alone writes: "runner" */
	const char *role;   /* PostgreSQL role: "sps_runner" */
};
extern const struct svc_info svc_infos[]; /* ends with .name == NULL */
const struct svc_info *svc_info(enum svc bit);
const struct svc_info *svc_find(const char *name);
