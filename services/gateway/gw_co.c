#undef _FORTIFY_SOURCE /* its longjmp() does not know that there are several stacks */
#include "gw_co.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBERS 1
#endif
#endif
#ifdef FIBERS
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK (128 * 1024)
#define GUARD (64 * 1024) /* no frame of ours, or of a library, steps over it */

/* swapcontext() asks the kernel for the signal mask at every change; only AddressSanitizer needs
 * it. */
#ifdef FIBERS
typedef ucontext_t place;
#else
typedef jmp_buf place;
#endif

struct gw_co {
	place here, back;
	struct http_request *req;
	void (*fn)(struct http_request *req);
	bool started, done, cancelled;
	char *stack;
	struct gw_co *next;       /* in the pool */
	void *fake;               /* AddressSanitizer: our fake stack while we sleep */
	const void *caller_stack; /* AddressSanitizer: the stack of who resumed us */
	size_t caller_size;
};

static struct gw_co *current, *pool;

/* AddressSanitizer must be told of every change of stacks; without it these are nothing. */
static void leave_begin(struct gw_co *co, void **fake)
{
#ifdef FIBERS
	__sanitizer_start_switch_fiber(fake, co->caller_stack, co->caller_size);
#else
	(void)co;
	(void)fake;
#endif
}

static void enter_end(struct gw_co *co, void *fake)
{
#ifdef FIBERS
	__sanitizer_finish_switch_fiber(fake, &co->caller_stack, &co->caller_size);
#else
	(void)co;
	(void)fake;
#endif
}

static void change(place *from, place *to)
{
#ifdef FIBERS
	swapcontext(from, to);
#else
	if (!_setjmp(*from))
		_longjmp(*to, 1);
#endif
}

/* One request after the other: a coroutine from the pool goes on after its last one. */
static void entry(void)
{
	struct gw_co *co = current;

	enter_end(co, NULL);
	for (;;) {
		co->fn(co->req);
		co->done = true;
		leave_begin(co, &co->fake);
		change(&co->here, &co->back);
		enter_end(co, co->fake);
	}
}

static void begin(struct gw_co *co)
{
	ucontext_t first;

	co->started = true;
	getcontext(&first);
	first.uc_stack.ss_sp = co->stack;
	first.uc_stack.ss_size = STACK;
	makecontext(&first, entry, 0);
#ifdef FIBERS
	swapcontext(&co->back, &first);
#else
	if (!_setjmp(co->back))
		setcontext(&first);
#endif
}

static void resume(struct gw_co *co)
{
	struct gw_co *before = current;
#ifdef FIBERS
	void *fake;

	__sanitizer_start_switch_fiber(&fake, co->stack, STACK);
#endif
	current = co;
	if (co->started)
		change(&co->back, &co->here);
	else
		begin(co);
	current = before;
#ifdef FIBERS
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

struct gw_co *gw_co_self(void)
{
	return current;
}

bool gw_co_cancelled(void)
{
	return current->cancelled;
}

bool gw_co_wait(void)
{
	struct gw_co *co = current;

	if (co->cancelled)
		return false;
	leave_begin(co, &co->fake);
	change(&co->here, &co->back);
	enter_end(co, co->fake);
	return !co->cancelled;
}

void gw_co_wake(struct gw_co *co)
{
	http_request_wakeup(co->req);
}

static struct gw_co *take(void)
{
	struct gw_co *co = pool;
	char *memory;

	if (co) {
		pool = co->next;
	} else {
		co = calloc(1, sizeof(*co));
		memory = mmap(NULL, STACK + GUARD, PROT_READ | PROT_WRITE,
		              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (!co || memory == MAP_FAILED || mprotect(memory, GUARD, PROT_NONE))
			fatal("no memory for a request");
		co->stack = memory + GUARD;
	}
	co->done = co->cancelled = false;
	return co;
}

static void give_back(struct gw_co *co)
{
	co->next = pool;
	pool = co;
}

/* The request is over. When its client left in the middle, the handler runs once more, to clean up.
 */
static void on_free(struct http_request *req)
{
	struct gw_co **slot = req->hdlr_extra, *co = *slot;

	if (!co)
		return;
	*slot = NULL;
	if (!co->done) {
		co->cancelled = true;
		resume(co);
		if (!co->done)
			fatal("a cancelled handler waited again");
	}
	give_back(co);
}

int gw_co_run(struct http_request *req, void (*fn)(struct http_request *req))
{
	struct gw_co *co;

	if (!req->hdlr_extra) {
		co = take();
		co->req = req;
		co->fn = fn;
		*(struct gw_co **)http_state_create(req, sizeof(co), on_free) = co;
	}
	co = *(struct gw_co **)req->hdlr_extra;
	resume(co);
	if (co->done)
		return KORE_RESULT_OK;
	http_request_sleep(req);
	return KORE_RESULT_RETRY;
}
