#pragma once
/*
 * The runs this replica works on
 *
 * A run is claimed, waits until the server answers with the right host key
 * (start.c) and until there is room (admit.c), is handed to a supervisor, and
 * followed until its end (follow.c).
 * The row in the database is the truth; what is kept here is only where we are.
 * A replica that comes back after any kind of end takes its runs up again and
 * finds out from the run directory how far they are.
 */
#include "openssh_key.h"
#include "run_dir.h"
#include "spool_read.h"

#include <sys/queue.h>
#include <sys/types.h>

struct engine_settings {
	struct run_dir_settings dir;
	int64_t poll_ms, ssh_wait_s, max_runs, project_runs;
};

/* One run we own. */
struct active {
	struct engine *engine;
	struct run run;
	/* while it waits for the server */
	pid_t scanner;
	int scan_fd; /* -1: no look is under way */
	char scanned[4100];
	size_t n_scanned;
	int64_t next_scan;
	bool answered; /* it has answered at least once */
	/* while it waits for room */
	char fingerprint[SSH_FINGERPRINT]; /* of the right host key; "": not shown yet */
	bool told;                         /* that it has to wait */
	/* while it is followed */
	pid_t supervisor; /* when it is our child */
	int launches, spool_fd, watch;
	int64_t next_probe, followed_at;
	struct spool_reader reader;
	bool cancel_wished, kill_wished;
	int refused; /* how often the database has not taken its log */
	int64_t rest_until;
	bool over; /* let go of it at the end of this turn */
	LIST_ENTRY(active) link;
};

#define CLEANING 16

struct engine {
	struct service *svc;
	struct engine_settings settings;
	int notify; /* inotify: spools that grow */
	bool look;  /* something may be waiting in the database */
	int64_t next_admit;
	LIST_HEAD(, active) runs; /* by priority, then age */
	struct {
		pid_t pid;
		int64_t run;
	} cleaning[CLEANING];
};

struct engine *engine_new(struct service *s, const struct engine_settings *settings);
struct engine *engine_free(struct engine *e);
/* A run was started, cancelled, or a host key reported: look soon. */
void engine_look(void);
/* Ends what is left of a run that is over, and removes all but its spool. */
void engine_clean(struct engine *e, int64_t run);
struct active *engine_find(const struct engine *e, int64_t run);
int64_t engine_now(void); /* monotonic, ms */
/* The database is away or busy: the same will do later. Other codes are not about the moment. */
bool engine_passing(int code);
/* After a transaction that failed with @code: the run's next turn is a little later. */
void engine_rest(struct active *a, int code);

/* start.c: state starting */
void start_step(struct active *a);
void start_release(struct active *a);
/* admit.c: the same, once the server has answered. Begins what there is room for, at times. */
void admit(struct engine *e);
/* There may be room now. */
void admit_soon(struct engine *e);
/* follow.c: states running and cancelling */
void follow_step(struct active *a, bool grown);
void follow_release(struct active *a);
/* Begins a supervisor, if it has none yet. */
void follow_launch(struct active *a);
/* upkeep.c */
void upkeep_orphans(struct engine *e);
void upkeep_tidy(void *engine);
