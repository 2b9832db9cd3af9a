#include "result.h"

REC_DEFINE(cmd_answer, "command.answer", CMD_ANSWER)
