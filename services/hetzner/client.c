#include "client.h"
#include "buf.h"
#include "curl_loop.h"
#include "err.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CONNECT_MS 10000L
#define PATH_MAX_LEN 512
/* Slower than this many bytes a second for so long counts as no answer. */
#define SLOWEST_BYTES 100L
#define SLOWEST_S 15L

struct client {
	struct curl_loop *loop;
	char *endpoint;
	LIST_HEAD(, request) requests;
};

struct request {
	struct client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	struct buf answer;
	bool reads, active;
	char error[CURL_ERROR_SIZE], correlation[64], path[PATH_MAX_LEN];
	int64_t remaining, limit;
	client_done done;
	void *arg;
	LIST_ENTRY(request) link;
};

static void request_free(struct request *rq)
{
	LIST_REMOVE(rq, link);
	if (rq->active) {
		curl_loop_remove(rq->client->loop, rq->easy);
		free(rq->arg);
	}
	curl_easy_cleanup(rq->easy);
	for (struct curl_slist *h = rq->headers; h; h = h->next)
		sodium_memzero(h->data, strlen(h->data)); /* the token is in one of them */
	curl_slist_free_all(rq->headers);
	buf_release(&rq->answer);
	free(rq->body);
	free(rq);
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool is_json(const char *type)
{
	return type && !strncasecmp(type, "application/json", 16) &&
	       (!type[16] || strchr("; ", type[16]));
}

const char *client_bucket(const char *path)
{
	return strncmp(path, "/actions", 8) ? "main" : "actions";
}

/* A 2xx counts only when it can be read: who knows what was done otherwise? */
static void finish(struct request *rq, CURLcode code)
{
	struct reply reply = {
		.bucket = client_bucket(rq->path),
		.remaining = rq->remaining,
		.limit = rq->limit,
	};
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(rq->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(rq->easy, CURLINFO_CONTENT_TYPE, &type);
	if (code == CURLE_OK && rq->answer.len && !rq->answer.cut && is_json(type))
		reply.root = answer_parse(rq->answer.data, rq->answer.len);
	if (code == CURLE_OK && (reply.root || status == 204 || status >= 300))
		reply.status = (int)status;
	answer_error(reply.root, &reply.error);
	reply.policy =
		policy_for(rq->reads ? METHOD_READ : METHOD_WRITE, reply.status, reply.error.code);
	if (reply.policy->verdict == VERDICT_OK)
		log_debug("provider.answer", LOG_STR("path", rq->path), LOG_I64("status", status));
	else
		log_warn("provider.refused", LOG_STR("path", rq->path), LOG_I64("status", status),
		         LOG_STR("code", reply.error.code), LOG_STR("message", reply.error.message),
		         LOG_STR("curl",
		                 rq->error[0] || !code ? rq->error : curl_easy_strerror(code)),
		         LOG_STR("provider_correlation", rq->correlation));
	rq->done(rq->arg, &reply);
	json_decref(reply.root);
}

static void on_transfer(CURL *easy, CURLcode code, void *arg)
{
	struct request *rq;
	(void)arg;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&rq);
	rq->active = false;
	finish(rq, code);
	request_free(rq);
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct request *rq = arg;

	buf_add(&rq->answer, data, size * n);
	return rq->answer.cut ? 0 : size * n; /* 0 breaks it off */
}

static bool header_is(const char *line, size_t len, const char *name, const char **ret,
                      size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) || line[n] != ':')
		return false;
	for (n++; n < len && line[n] == ' ';)
		n++;
	*ret = line + n;
	*ret_len = strcspn(*ret, "\r\n");
	return true;
}

static int64_t number(const char *text, size_t len)
{
	int64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || i > 9)
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return len ? n : -1;
}

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
	struct request *rq = arg;
	char line[300];
	const char *value;
	size_t len = size * n;

	if (len >= sizeof(line))
		return size * n;
	memcpy(line, data, len);
	line[len] = '\0';
	if (header_is(line, len, "ratelimit-remaining", &value, &len))
		rq->remaining = number(value, len);
	else if (header_is(line, len, "ratelimit-limit", &value, &len))
		rq->limit = number(value, len);
	else if (header_is(line, len, "x-correlation-id", &value, &len))
		snprintf(rq->correlation, sizeof(rq->correlation), "%.*s", (int)len, value);
	return size * n;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* https anywhere, http only within this machine. */
static bool endpoint_ok(const char *url)
{
	static const char *const local[] = { "localhost", "127.0.0.1", "[::1]" };
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	bool ok = false;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
	    curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER) {
		ok = !strcmp(scheme, "https");
		for (size_t i = 0; !ok && i < sizeof(local) / sizeof(local[0]); i++)
			ok = !strcmp(scheme, "http") && !strcmp(host, local[i]);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	return ok;
}

struct client *client_new(struct service *s, const char *endpoint)
{
	struct client *c;

	if (!endpoint_ok(endpoint)) {
		log_error("provider.endpoint", LOG_STR("endpoint", endpoint),
		          LOG_STR("why", "SPS_HETZNER_ENDPOINT must be an https address, or http "
		                         "on this machine"));
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->endpoint = xstrdup(endpoint);
	c->loop = curl_loop_new(s, on_transfer, c);
	return c;
}

struct client *client_free(struct client *c)
{
	if (c) {
		while (!LIST_EMPTY(&c->requests))
			request_free(LIST_FIRST(&c->requests));
		curl_loop_free(c->loop);
		free(c->endpoint);
		free(c);
	}
	return NULL;
}

int client_active(const struct client *c)
{
	return c ? curl_loop_active(c->loop) : 0;
}

static void configure(struct request *rq, const char *method, const char *url, const char *token)
{
	CURL *e = rq->easy;
	char line[600];

	snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	rq->headers = curl_slist_append(rq->headers, line);
	sodium_memzero(line, sizeof(line));
	rq->headers = curl_slist_append(rq->headers, "Accept: application/json");
	rq->headers = curl_slist_append(rq->headers, "Expect:");
	if (rq->body)
		rq->headers = curl_slist_append(rq->headers, "Content-Type: application/json");
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(e, CURLOPT_USERAGENT, "server-provisioning-system/0.1");
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)CLIENT_TIMEOUT_MS);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, SLOWEST_BYTES);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, SLOWEST_S);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, rq->error);
	curl_easy_setopt(e, CURLOPT_PRIVATE, rq);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, rq->headers);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, rq);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, rq);
	if (rq->body) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, rq->body);
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
	if (!rq->reads) /* curl itself must never send a request that writes a second time */
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

void client_send(struct client *c, const char *method, const char *token, json_t *body,
                 client_done done, void *arg, const char *fmt, ...)
{
	struct request *rq = xcalloc(1, sizeof(*rq));
	char url[PATH_MAX_LEN * 2];
	va_list ap;

	rq->client = c;
	rq->done = done;
	rq->arg = arg;
	rq->reads = !strcmp(method, "GET");
	rq->remaining = rq->limit = -1;
	va_start(ap, fmt);
	vsnprintf(rq->path, sizeof(rq->path), fmt, ap);
	va_end(ap);
	snprintf(url, sizeof(url), "%.500s%s", c->endpoint, rq->path);
	rq->body = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	buf_init(&rq->answer, ANSWER_MAX);
	rq->easy = curl_easy_init();
	if (!rq->easy)
		abort();
	configure(rq, method, url, token);
	LIST_INSERT_HEAD(&c->requests, rq, link);
	rq->active = true;
	curl_loop_add(c->loop, rq->easy);
}
