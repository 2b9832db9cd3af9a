#pragma once
/*
 * Problem documents (RFC 9457): what went wrong, in a sentence, and where to
 * look. Pure text, without Kore.
 */
#include "buf.h"
#include "record.h"

struct gw_problem {
	int status;
	const char *code;   /* the short word programs look at; NULL: the one of the status */
	const char *detail; /* the sentence a person reads; NULL or "": the title of the status */
	const char *state;  /* 409: the state it is in now; NULL or "": none */
	const char *field;  /* the one field to blame; NULL or "": none */
	const struct rec_errors *errors; /* or all that are wrong; NULL: none */
	const char *corr;
};

/* Starts @b afresh; the caller releases it. */
void gw_problem_json(struct buf *b, const struct gw_problem *p);
/* A sentence for what is refused before anybody has read it. */
const char *gw_problem_sentence(int status);
