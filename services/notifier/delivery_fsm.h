#pragma once
/* The life of a letter, as data. */

enum letter_event {
	LETTER_ACCEPTED,  /* the mail server took it */
	LETTER_POSTPONED, /* a try failed, and more are allowed */
	LETTER_EXHAUSTED, /* the last allowed try failed */
	LETTER_REFUSED,   /* the mail server will never take it */
	LETTER_UNWANTED,  /* its reader is not active or may not see the matter any more */
	LETTER_CLAIMED,   /* a replica takes it (notifier.claim_letters) */
	LETTER_ABANDONED, /* nobody is sending it any more (notifier.release_abandoned) */
};

struct letter_transition {
	const char *from;
	enum letter_event event;
	const char *to, *why;
};
extern const struct letter_transition letter_fsm[]; /* ends with .from == NULL */

/* The state after @event, or NULL: not possible from there. */
const struct letter_transition *letter_next(const char *from, enum letter_event event);

/*
 * How long to wait after try number @tries (1 is the first) failed, in ms, with
 * all waits scaled to @percent; -1 when it was the last one.
 */
long letter_wait_ms(int tries, long percent);
