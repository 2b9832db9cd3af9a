#pragma once
/*
 * The provisioning of a request
 *
 * The saga has no state of its own: it is the request's row (locked by the
 * caller) and its rows in workflow.request_step. Each call does what can be
 * done now and returns; events (saga_events.c) and the clock (saga_clock.c) go
 * on. A step counts once however often it is reported, because ending a step
 * is an UPDATE that finds it unended only once.
 */
#include "saga_steps.h"

/* How long limits are, in percent of the table, and the first pause before a lost run is started
 * again. */
void saga_configure(int64_t limit_percent, int64_t retry_base_ms);

/* R6: approved -> deploying, and as far as it goes. */
int saga_start(struct cmd *c, struct request *rq);
/* Goes on with the first step that has not ended, unless somebody works on it. */
int saga_advance(struct cmd *c, struct request *rq);
/* Ends @step well; *ret_news (may be NULL) says whether it had not ended before. */
int saga_step_done(struct cmd *c, struct request *rq, const struct saga_step *step, bool skipped,
                   const char *detail, bool *ret_news);
/* @step is being worked on; begins its time limit when it had not begun. */
int saga_step_running(struct cmd *c, struct request *rq, const struct saga_step *step,
                      const char *detail);
/* The step that is being worked on or would be next; NULL: none is left. */
int saga_current(struct cmd *c, const struct request *rq, const struct saga_step **ret);

/* R10: deploying -> failed. What exists stays. */
int saga_fail(struct cmd *c, struct request *rq, const struct saga_step *step, const char *code,
              const char *text, bool cost_running);
/* R12: failed -> deploying, from the failed step on. */
int saga_retry(struct cmd *c, struct request *rq);
/* The run was lost, not failed: the same step again after a pause, twice at most. */
int saga_rerun(struct cmd *c, struct request *rq, const struct saga_step *step);

/* R11: whatever is on its way is stopped; what was ordered is deleted. */
int saga_cancel(struct cmd *c, struct request *rq, const char *reason);
/* R13: deletes what the operation has created; the request is cancelled when that is done. */
int saga_roll_back(struct cmd *c, struct request *rq);
/* How the deletion ended. */
int saga_undone(struct cmd *c, struct request *rq);
int saga_undo_failed(struct cmd *c, struct request *rq, const char *code, const char *text,
                     bool cost_running);
