#pragma once
/*
 * Password hashing away from the loop (Argon2id: 64 MiB and a sixth of a
 * second each). A fixed number of threads and a short queue: what does not fit
 * is refused at once, so that a flood of sign-ins costs a known amount of
 * memory and everybody else an error instead of a standstill.
 *
 * Threads only compute. They touch no database, no socket and no log.
 */
#include <sodium.h>
#include <stdbool.h>
#include <sys/queue.h>

struct hash_job {
	const char *password; /* the owner's; must live until the job is taken back */
	char hash[crypto_pwhash_STRBYTES];
	bool matches;                          /* the answer */
	char stronger[crypto_pwhash_STRBYTES]; /* when it matches and parameters have grown since;
	                                          else "" */
	STAILQ_ENTRY(hash_job) link;
};

struct hash_pool;

/* NULL when threads are out. */
struct hash_pool *hash_pool_new(int threads, int max_waiting);
/* Ends after the jobs in work; jobs nobody took are still the caller's. Accepts NULL, returns NULL.
 */
struct hash_pool *hash_pool_free(struct hash_pool *p);
/* false: full. The job stays the caller's memory and comes back through hash_pool_take(). */
bool hash_pool_add(struct hash_pool *p, struct hash_job *job);
int hash_pool_fd(const struct hash_pool *p);          /* readable when something may be done */
struct hash_job *hash_pool_take(struct hash_pool *p); /* a finished job, or NULL */
bool hash_pool_idle(struct hash_pool *p);
