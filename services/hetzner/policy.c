#include "policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LONGEST_WAIT_MS 60000

#define UNREACHABLE "Hetzner could not be reached for a long time. Retry when it can be."
#define BAD_TOKEN "Hetzner does not accept the project's token any more. Set a new one, then retry."
#define READ_ONLY "The project's token may only read. Set one that may also write, then retry."
#define NO_STOCK                                                                               \
	"Hetzner has no free server of this type in this location right now. Retry later, or " \
	"ask for another type or location."
#define LIMIT                                                                           \
	"The Hetzner account has reached its limit of servers or other resources. Ask " \
	"Hetzner to raise it, then retry."
#define BUSY "Hetzner was busy with another operation for a long time. Retry."
#define UPKEEP "Hetzner is being maintained. Retry later."
#define GUARDED                                                                              \
	"The server is protected against deletion at Hetzner. Remove the protection there, " \
	"then retry."

/* clang-format off */
#define R METHOD_READ
#define W METHOD_WRITE
const struct policy policies[] = {
	/* status           100 code                       what             pause tries sentence */
	{ R, STATUS_OF_HUNDRED, 2, NULL,                      VERDICT_OK,          0,   0, NULL },
	{ R, STATUS_NO_ANSWER,  0, NULL,                      VERDICT_RETRY,    1000,  40, UNREACHABLE },
	{ R, STATUS_OF_HUNDRED, 5, NULL,                      VERDICT_RETRY,    1000,  40, UNREACHABLE },
	{ R, 401,               0, NULL,                      VERDICT_TOKEN,       0,   0, BAD_TOKEN },
	{ R, 403,               0, "maintenance",             VERDICT_RETRY,   60000,  10, UPKEEP },
	{ R, 404,               0, "not_found",               VERDICT_ABSENT,      0,   0, NULL },
	{ R, 408,               0, NULL,                      VERDICT_RETRY,    1000,  40, UNREACHABLE },
	{ R, 409,               0, "conflict",                VERDICT_RETRY,    1000,   5, BUSY },
	{ R, 429,               0, NULL,                      VERDICT_RETRY,    2000,  40, UNREACHABLE },
	{ R, STATUS_ANY,        0, NULL,                      VERDICT_FAIL,        0,   0, NULL },

	{ W, STATUS_OF_HUNDRED, 2, NULL,                      VERDICT_OK,          0,   0, NULL },
	{ W, STATUS_NO_ANSWER,  0, NULL,                      VERDICT_UNKNOWN,  1000,  40, UNREACHABLE },
	{ W, STATUS_OF_HUNDRED, 5, NULL,                      VERDICT_UNKNOWN,  1000,  40, UNREACHABLE },
	{ W, 408,               0, NULL,                      VERDICT_UNKNOWN,  1000,  40, UNREACHABLE },
	{ W, 401,               0, "token_readonly",          VERDICT_TOKEN,       0,   0, READ_ONLY },
	{ W, 403,               0, "token_readonly",          VERDICT_TOKEN,       0,   0, READ_ONLY },
	{ W, 401,               0, NULL,                      VERDICT_TOKEN,       0,   0, BAD_TOKEN },
	{ W, 403,               0, "maintenance",             VERDICT_RETRY,   60000,  10, UPKEEP },
	{ W, 403,               0, "resource_limit_exceeded", VERDICT_FAIL,        0,   0, LIMIT },
	{ W, 403,               0, "protected",               VERDICT_FAIL,        0,   0, GUARDED },
	{ W, 404,               0, "not_found",               VERDICT_ABSENT,      0,   0, NULL },
	{ W, 409,               0, "uniqueness_error",        VERDICT_TAKEN,       0,   0, NULL },
	{ W, 409,               0, "conflict",                VERDICT_RETRY,    1000,   5, BUSY },
	{ W, 412,               0, "resource_unavailable",    VERDICT_FAIL,        0,   0, NO_STOCK },
	{ W, 422,               0, "placement_error",         VERDICT_FAIL,        0,   0, NO_STOCK },
	{ W, 423,               0, "locked",                  VERDICT_RETRY,    1000,  40, BUSY },
	{ W, 423,               0, "protected",               VERDICT_FAIL,        0,   0, GUARDED },
	{ W, 429,               0, NULL,                      VERDICT_RETRY,    2000,  40, UNREACHABLE },
	{ W, STATUS_ANY,        0, NULL,                      VERDICT_FAIL,        0,   0, NULL },
};
#undef R
#undef W
/* clang-format on */
const int policies_n = sizeof(policies) / sizeof(policies[0]);

static bool fits(const struct policy *p, enum method_class method, int status, const char *code)
{
	if (p->method != method || (p->code && strcmp(p->code, code)))
		return false;
	if (p->status == STATUS_OF_HUNDRED)
		return status / 100 == p->hundred;
	return p->status == STATUS_ANY || p->status == status;
}

const struct policy *policy_for(enum method_class method, int status, const char *code)
{
	const struct policy *p = policies;

	while (!fits(p, method, status, code))
		p++;
	return p;
}

long policy_wait_ms(const struct policy *p, int tries)
{
	long wait = p->wait_ms;

	while (tries-- > 0 && wait < LONGEST_WAIT_MS)
		wait *= 2;
	return wait > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : wait;
}
