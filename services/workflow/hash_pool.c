#include "hash_pool.h"
#include "err.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

STAILQ_HEAD(jobs, hash_job);

struct hash_pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct jobs waiting, done;
	int n_waiting, n_open; /* open: given in and not taken back */
	int max_waiting, n_threads, fd;
	bool ending;
	pthread_t thread[8];
};

static void compute(struct hash_job *j)
{
	j->stronger[0] = '\0';
	j->matches = !crypto_pwhash_str_verify(j->hash, j->password, strlen(j->password));
	if (j->matches &&
	    crypto_pwhash_str_needs_rehash(j->hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                                   crypto_pwhash_MEMLIMIT_INTERACTIVE) &&
	    crypto_pwhash_str(j->stronger, j->password, strlen(j->password),
	                      crypto_pwhash_OPSLIMIT_INTERACTIVE,
	                      crypto_pwhash_MEMLIMIT_INTERACTIVE))
		j->stronger[0] = '\0'; /* no memory now: the old one is good for another day */
}

/* The next job, or NULL when the pool ends. */
static struct hash_job *wait_for_job(struct hash_pool *p)
{
	struct hash_job *j;

	pthread_mutex_lock(&p->lock);
	while (!(j = STAILQ_FIRST(&p->waiting)) && !p->ending)
		pthread_cond_wait(&p->work, &p->lock);
	if (p->ending)
		j = NULL;
	if (j) {
		STAILQ_REMOVE_HEAD(&p->waiting, link);
		p->n_waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void *thread_main(void *arg)
{
	struct hash_pool *p = arg;
	struct hash_job *j;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals belong to the loop's thread */
	while ((j = wait_for_job(p))) {
		const uint64_t one = 1;
		ssize_t n;

		compute(j);
		pthread_mutex_lock(&p->lock);
		STAILQ_INSERT_TAIL(&p->done, j, link);
		pthread_mutex_unlock(&p->lock);
		n = write(p->fd, &one, sizeof(one));
		(void)n; /* a counter that is full has been noticed already */
	}
	return NULL;
}

struct hash_pool *hash_pool_new(int threads, int max_waiting)
{
	struct hash_pool *p = xcalloc(1, sizeof(*p));

	STAILQ_INIT(&p->waiting);
	STAILQ_INIT(&p->done);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->max_waiting = max_waiting;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	while (p->fd >= 0 && p->n_threads < threads && p->n_threads < 8 &&
	       !pthread_create(&p->thread[p->n_threads], NULL, thread_main, p))
		p->n_threads++;
	return p->n_threads == threads ? p : hash_pool_free(p);
}

struct hash_pool *hash_pool_free(struct hash_pool *p)
{
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->n_threads; i++)
		pthread_join(p->thread[i], NULL);
	if (p->fd >= 0)
		close(p->fd);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

bool hash_pool_add(struct hash_pool *p, struct hash_job *job)
{
	bool room;

	pthread_mutex_lock(&p->lock);
	room = p->n_waiting < p->max_waiting;
	if (room) {
		STAILQ_INSERT_TAIL(&p->waiting, job, link);
		p->n_waiting++;
		p->n_open++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return room;
}

int hash_pool_fd(const struct hash_pool *p)
{
	return p->fd;
}

struct hash_job *hash_pool_take(struct hash_pool *p)
{
	struct hash_job *j;
	uint64_t count;
	ssize_t n;

	n = read(p->fd, &count,
	         sizeof(count)); /* before the look: what ends later makes it readable again */
	(void)n;
	pthread_mutex_lock(&p->lock);
	j = STAILQ_FIRST(&p->done);
	if (j) {
		STAILQ_REMOVE_HEAD(&p->done, link);
		p->n_open--;
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

bool hash_pool_idle(struct hash_pool *p)
{
	bool idle;

	pthread_mutex_lock(&p->lock);
	idle = !p->n_open;
	pthread_mutex_unlock(&p->lock);
	return idle;
}
