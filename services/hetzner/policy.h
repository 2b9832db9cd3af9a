#pragma once
/*
 * What an answer of the provider means for what we do next: one table
 * (https://docs.hetzner.cloud/reference/cloud#errors)
 *
 * Reading can be repeated freely. A request that writes and whose outcome is
 * not known (no answer, a broken one, 5xx) is never simply sent again: its
 * effect is looked for first, because Hetzner has no idempotency key.
 */
enum method_class { METHOD_READ, METHOD_WRITE };

enum verdict {
	VERDICT_OK,
	VERDICT_RETRY,   /* nothing was done; the same again after a pause */
	VERDICT_UNKNOWN, /* perhaps it was done: look before doing anything */
	VERDICT_ABSENT,  /* the object does not exist */
	VERDICT_TAKEN,   /* an object of this name exists; whose is it? */
	VERDICT_FAIL,    /* for good: say so */
	VERDICT_TOKEN,   /* for good, and the token is to blame */
};

enum { STATUS_ANY = -2, STATUS_OF_HUNDRED = -1, STATUS_NO_ANSWER = 0 };

struct policy {
	enum method_class method;
	int status;       /* a number, or one of the words above */
	int hundred;      /* for STATUS_OF_HUNDRED: 5 means 5xx */
	const char *code; /* NULL: whatever it says */
	enum verdict verdict;
	long wait_ms;    /* first pause; doubles with each try up to a minute */
	int tries;       /* at most so many in a row */
	const char *say; /* a sentence for people; NULL: the provider's own message */
};

/* The first match wins; the last row of each method matches everything. */
extern const struct policy policies[];
extern const int policies_n;

/* Never NULL. @code may be "". */
const struct policy *policy_for(enum method_class method, int status, const char *code);
long policy_wait_ms(const struct policy *p, int tries);
