#pragma once
/*
 * What a command answers, as it lies in the inbox and travels in RESULT: a
 * record, so that it survives versions like any message does.
 */
#include "record.h"

/* clang-format off */
#define CMD_ANSWER(F, m)                                                                         \
	F(m, I64, status, REC_REQUIRED, RANGE(100, 599), "HTTP status")                          \
	F(m, STR, data,   0, , "JSON of a successful answer")                                    \
	F(m, STR, field,  0, LEN(0, 60), "the body field to blame")                              \
	F(m, STR, state,  0, LEN(0, 60), "409: the current state")                               \
	F(m, STR, detail, 0, LEN(0, 1000), "a rejection in a sentence for people")
/* clang-format on */

REC_DECLARE(cmd_answer, CMD_ANSWER)
