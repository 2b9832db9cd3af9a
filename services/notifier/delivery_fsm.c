#include "delivery_fsm.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
const struct letter_transition letter_fsm[] = {
	/* from       event              to         why                                                     */
	{ "waiting", LETTER_CLAIMED,   "sending", "it is due and a replica has room"                        },
	{ "sending", LETTER_ACCEPTED,  "sent",    "the mail server took it"                                 },
	{ "sending", LETTER_POSTPONED, "waiting", "the try failed; the next one comes later"                },
	{ "sending", LETTER_EXHAUSTED, "dead",    "every try failed"                                        },
	{ "sending", LETTER_REFUSED,   "dead",    "the mail server refused it for good"                     },
	{ "sending", LETTER_UNWANTED,  "skipped", "its reader is not active or may not see the matter now"  },
	{ "sending", LETTER_ABANDONED, "waiting", "nobody is sending it any more"                           },
	{ 0 },
};

/* After the first try 10 s, then 1 min, 5 min, 30 min, 2 h, 6 h; then it is dead. */
static const long waits_s[] = { 10, 60, 300, 1800, 7200, 21600 };
/* clang-format on */

const struct letter_transition *letter_next(const char *from, enum letter_event event)
{
	for (const struct letter_transition *t = letter_fsm; t->from; t++)
		if (t->event == event && !strcmp(t->from, from))
			return t;
	return NULL;
}

long letter_wait_ms(int tries, long percent)
{
	size_t i = tries > 0 ? (size_t)tries - 1 : 0;

	return i < sizeof(waits_s) / sizeof(waits_s[0]) ? waits_s[i] * 10 * percent : -1;
}
