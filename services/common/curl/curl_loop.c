#include "curl_loop.h"

#include "err.h"

#include <stdlib.h>

#define TICK_MS 50 /* curl's own timers are looked at this often */

struct curl_loop {
	struct service *svc;
	CURLM *multi;
	curl_loop_done done;
	void *arg;
	int active;
};

/* One direction of one socket: the loop tells nothing but the argument. */
struct socket_watch {
	struct curl_loop *loop;
	curl_socket_t fd;
	int event;
	struct socket_watch *next;
};

static void collect(struct curl_loop *l)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(l->multi, &left))) {
		CURLcode code = msg->data.result;
		CURL *easy = msg->easy_handle;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_loop_remove(l, easy);
		l->done(easy, code, l->arg);
	}
}

static void on_socket(void *arg)
{
	const struct socket_watch *w = arg;
	struct curl_loop *l = w->loop; /* curl may change its mind about the socket, and then w is gone */
	int running;

	curl_multi_socket_action(l->multi, w->fd, w->event, &running);
	collect(l);
}

static void on_tick(void *arg)
{
	struct curl_loop *l = arg;
	int running;

	if (!l->active)
		return;
	curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(l);
}

static struct socket_watch *watch(struct curl_loop *l, curl_socket_t fd, int event, struct socket_watch *next)
{
	struct socket_watch *w = xcalloc(1, sizeof(*w));

	*w = (struct socket_watch){ .loop = l, .fd = fd, .event = event, .next = next };
	svc_watch(l->svc, fd, event == CURL_CSELECT_OUT, on_socket, w);
	return w;
}

/* curl wants this socket watched like this from now on; @known is what we attached to it. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct socket_watch *w = NULL, *old = known;
	struct curl_loop *l = arg;
	(void)easy;

	if (known)
		svc_unwatch(l->svc, fd);
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		w = watch(l, fd, CURL_CSELECT_IN, w);
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		w = watch(l, fd, CURL_CSELECT_OUT, w);
	curl_multi_assign(l->multi, fd, w);
	while (old) {
		struct socket_watch *next = old->next;

		free(old);
		old = next;
	}
	return 0;
}

struct curl_loop *curl_loop_new(struct service *s, curl_loop_done done, void *arg)
{
	struct curl_loop *l = xcalloc(1, sizeof(*l));

	if (curl_global_init(CURL_GLOBAL_DEFAULT)) /* counted: each loop has its own cleanup */
		abort();
	*l = (struct curl_loop){ .svc = s, .multi = curl_multi_init(), .done = done, .arg = arg };
	if (!l->multi)
		abort();
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	svc_timer(s, TICK_MS, on_tick, l);
	return l;
}

struct curl_loop *curl_loop_free(struct curl_loop *l)
{
	if (l) {
		curl_multi_cleanup(l->multi);
		curl_global_cleanup();
		free(l);
	}
	return NULL;
}

void curl_loop_add(struct curl_loop *l, CURL *easy)
{
	int running;

	curl_multi_add_handle(l->multi, easy);
	l->active++;
	curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void curl_loop_remove(struct curl_loop *l, CURL *easy)
{
	curl_multi_remove_handle(l->multi, easy);
	l->active--;
}

int curl_loop_active(const struct curl_loop *l)
{
	return l->active;
}
