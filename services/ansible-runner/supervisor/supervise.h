#pragma once
/*
 * One run from begin to end: ansible-playbook, its output, its time, its end.
 *
 * Whatever happens to the service, this process goes on: it has a session of its
 * own, writes to a file and needs nobody. Exit status: 0 when the spool has its
 * last record, 3 when somebody else has or had this run, 4 when not even the
 * spool could be begun.
 */
int run_playbook(const char *dir);
