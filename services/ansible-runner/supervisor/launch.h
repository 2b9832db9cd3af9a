#pragma once
/*
 * Starting the programs of a run: with an argument vector, never a shell, with
 * nothing of ours but what is named here, and with fewer rights than we have.
 */
#include <stdbool.h>
#include <sys/types.h>

struct launch {
	const char *const *argv; /* argv[0] is the path */
	const char *const *env;  /* all of it */
	const char *dir;         /* to work in */
	int in, out, err;        /* -1: /dev/null */
	int extra;               /* becomes descriptor 3; -1: none */
	uid_t uid;               /* and gid; 0: stay who we are */
	const char *passwd;      /* shown as /etc/passwd to a uid that has no entry there; NULL: not
	                            needed */
	bool limited;            /* memory, file size, processes */
};

/*
 * Starts it as leader of a process group; it is killed when we die. The process
 * id, or -1 with the reason in @why.
 */
pid_t launch(const struct launch *l, char why[160]);

/* Becomes @uid, with no capability and no way to get one. 0 or -1 (errno). */
int launch_drop(uid_t uid);
/* Gives up all capabilities but the one to signal processes of another uid. */
void launch_keep_kill(void);
/* ssh does not work for a uid without an entry in the user database. */
bool launch_needs_passwd(uid_t uid);
