#include "mail_send.h"
#include "curl_loop.h"
#include "err.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#define CONNECT_MS 5000L

struct mail {
	struct curl_loop *loop;
	struct mail_settings settings;
	char *password; /* sodium_malloc; NULL: none */
	bool local;     /* the server is on this machine */
	LIST_HEAD(, transfer) transfers;
};

struct transfer {
	struct mail *mail;
	CURL *easy;
	struct curl_slist *to;
	struct buf message;
	size_t at;
	char error[CURL_ERROR_SIZE];
	void (*done)(void *arg, enum mail_outcome outcome, const char *why);
	void *arg;
	LIST_ENTRY(transfer) link;
};

static void transfer_free(struct transfer *t)
{
	LIST_REMOVE(t, link);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->to);
	buf_release(&t->message);
	free(t);
}

/* ---- outcomes ------------------------------------------------------------------------------ */

/*
 * A 5xx that speaks about us (not signed in, encryption needed, wrong command)
 * and not about the letter: it is put right in the settings and then goes out.
 */
static bool about_us(CURLcode code, long status)
{
	static const long ours[] = { 500, 502, 503, 504, 530, 534, 535, 538 };

	if (code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED ||
	    code == CURLE_PEER_FAILED_VERIFICATION)
		return true;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (status == ours[i])
			return true;
	return false;
}

static void report(struct transfer *t, CURLcode code)
{
	enum mail_outcome outcome = MAIL_ACCEPTED;
	char why[CURL_ERROR_SIZE + 80] = "";
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK) {
		outcome = status >= 500 && status < 600 && !about_us(code, status) ? MAIL_REFUSED
		                                                                   : MAIL_TRY_AGAIN;
		if (status >= 400)
			snprintf(why, sizeof(why), "The mail server answered %ld.", status);
		else
			snprintf(why, sizeof(why), "The mail server could not be used: %s.",
			         t->error[0] ? t->error : curl_easy_strerror(code));
		log_warn("mail.failed", LOG_STR("why", why),
		         LOG_STR("curl", curl_easy_strerror(code)),
		         LOG_STR("after", outcome == MAIL_REFUSED ? "given up" : "tried again"));
	}
	t->done(t->arg, outcome, why);
}

static void on_done(CURL *easy, CURLcode code, void *arg)
{
	struct transfer *t;
	(void)arg;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	report(t, code);
	transfer_free(t);
}

/* ---- settings ------------------------------------------------------------------------------ */

static bool is_loopback(const char *url)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1", "[::1]" };
	CURLU *u = curl_url();
	char *host = NULL;
	bool yes = false;

	if (u && !curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0))
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			yes |= !strcmp(host, names[i]);
	curl_free(host);
	curl_url_cleanup(u);
	return yes;
}

struct mail *mail_new(struct service *s, const struct mail_settings *settings)
{
	struct mail *m = xcalloc(1, sizeof(*m));

	m->settings = *settings;
	m->local = is_loopback(settings->url);
	m->loop = curl_loop_new(s, on_done, m);
	if (*settings->password_file && !(m->password = secret_from_file(settings->password_file)))
		return mail_free(m);
	return m;
}

struct mail *mail_free(struct mail *m)
{
	if (m) {
		while (!LIST_EMPTY(&m->transfers)) {
			curl_loop_remove(m->loop, LIST_FIRST(&m->transfers)->easy);
			transfer_free(LIST_FIRST(&m->transfers));
		}
		curl_loop_free(m->loop);
		secret_free(m->password);
		free(m);
	}
	return NULL;
}

/* ---- one letter ---------------------------------------------------------------------------- */

static size_t read_message(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = t->message.len - t->at;

	if (len > size * n)
		len = size * n;
	memcpy(to, t->message.data + t->at, len);
	t->at += len;
	return len;
}

static void configure(struct transfer *t)
{
	const struct mail *m = t->mail;
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_URL, m->settings.url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(m->local ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)m->settings.timeout_s * 1000);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	if (*m->settings.user) {
		curl_easy_setopt(e, CURLOPT_USERNAME, m->settings.user);
		curl_easy_setopt(e, CURLOPT_PASSWORD, m->password ? m->password : "");
	}
	curl_easy_setopt(e, CURLOPT_MAIL_FROM, m->settings.from);
	curl_easy_setopt(e, CURLOPT_MAIL_RCPT, t->to);
	curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(e, CURLOPT_READDATA, t);
}

void mail_send(struct mail *m, const char *to, struct buf *message,
               void (*done)(void *arg, enum mail_outcome outcome, const char *why), void *arg)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->mail = m;
	t->done = done;
	t->arg = arg;
	t->message = *message;
	*message = (struct buf){ 0 };
	t->to = curl_slist_append(NULL, to);
	t->easy = curl_easy_init();
	if (!t->easy || !t->to)
		abort();
	configure(t);
	LIST_INSERT_HEAD(&m->transfers, t, link);
	curl_loop_add(m->loop, t->easy);
}
