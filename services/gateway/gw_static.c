#include "gw_static.h"

#include "err.h"
#include "log.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One coding of a file. Each has an ETag of its own: a strong one says that the bytes are the same.
 */
struct bytes {
	uint8_t *data; /* NULL: there is none in this coding */
	size_t len;
	char etag[40];
	const char *coding; /* NULL: as it is */
};

struct asset {
	char *path, *type;
	bool immutable;
	struct bytes plain, gz, br;
};

static struct asset *assets;
static size_t n_assets;
static const struct asset *page; /* index.html: every address that is a page of the portal */

static struct bytes slurp(const char *dir, const char *file, const char *suffix)
{
	struct bytes b = { 0 };
	char path[PATH_MAX];
	long size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", dir, file, suffix);
	f = fopen(path, "rbe");
	if (!f)
		return b;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	b.data = xcalloc(1, size > 0 ? (size_t)size : 1);
	b.len = size > 0 ? fread(b.data, 1, (size_t)size, f) : 0;
	fclose(f);
	return b;
}

static void tag(struct bytes *b, const char *coding)
{
	uint8_t hash[16];
	char hex[33];

	crypto_generichash(hash, sizeof(hash), b->data, b->len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(b->etag, sizeof(b->etag), "\"%s\"", hex);
	b->coding = coding;
}

static void load(const char *dir, const json_t *entry)
{
	const char *path = json_string_value(json_object_get(entry, "path"));
	const char *file = json_string_value(json_object_get(entry, "file"));
	const char *type = json_string_value(json_object_get(entry, "type"));
	struct asset *a;

	if (!path || !file || !type || strstr(file, ".."))
		fatal("web manifest: an entry lacks path, file or type");
	a = &assets[n_assets++];
	a->path = xstrdup(path);
	a->type = xstrdup(type);
	a->immutable = json_is_true(json_object_get(entry, "immutable"));
	a->plain = slurp(dir, file, "");
	if (!a->plain.data)
		fatal("web manifest: %s/%s: %s", dir, file, errno_s);
	if (json_is_true(json_object_get(entry, "gz")))
		a->gz = slurp(dir, file, ".gz");
	if (json_is_true(json_object_get(entry, "br")))
		a->br = slurp(dir, file, ".br");
	tag(&a->plain, NULL);
	tag(&a->gz, "gzip");
	tag(&a->br, "br");
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct asset *)a)->path, ((const struct asset *)b)->path);
}

static const struct asset *find(const char *path)
{
	const struct asset key = { .path = (char *)(uintptr_t)path };

	return n_assets ? bsearch(&key, assets, n_assets, sizeof(*assets), by_path) : NULL;
}

void gw_static_load(const char *dir)
{
	char path[PATH_MAX];
	json_error_t err;
	json_t *list, *entry;
	size_t i;

	snprintf(path, sizeof(path), "%s/manifest.json", dir);
	list = json_load_file(path, 0, &err);
	if (!json_is_array(list)) {
		log_warn("web.missing", LOG_STR("file", path), LOG_STR("why", err.text),
		         LOG_STR("do", "build it: cd services/gateway/web && npm ci && node "
		                       "build.mjs; the API works without"));
		json_decref(list);
		return;
	}
	assets = xcalloc(json_array_size(list), sizeof(*assets));
	json_array_foreach(list, i, entry) load(dir, entry);
	json_decref(list);
	qsort(assets, n_assets, sizeof(*assets), by_path);
	page = find("/");
}

static const struct bytes *encoded(struct gw_rq *rq, const struct asset *a)
{
	const char *accept = gw_request_header(rq, "accept-encoding");

	if (a->br.data && gw_accepts(accept, "br"))
		return &a->br;
	return a->gz.data && gw_accepts(accept, "gzip") ? &a->gz : &a->plain;
}

static bool is_page(const char *path)
{
	static const char *const others[] = { "/api", "/hook", "/assets" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		size_t n = strlen(others[i]);

		if (!strncmp(path, others[i], n) && strchr("/", path[n]))
			return false;
	}
	return true;
}

/* The file, or the page for every address of the portal that a browser asks for. */
static const struct asset *choose(struct gw_rq *rq)
{
	const char *path = rq->req->path, *accept = gw_request_header(rq, "accept");
	const struct asset *a = find(path);

	return a || !is_page(path) ? a : accept && strstr(accept, "text/html") ? page : NULL;
}

void gw_static(struct gw_rq *rq)
{
	const char *if_none_match = gw_request_header(rq, "if-none-match");
	const struct asset *a = choose(rq);
	const struct bytes *b;

	if (!n_assets && is_page(rq->req->path)) {
		gw_problem_said(rq, 503, NULL, NULL,
		                "The portal's pages are not installed here. Its API works.");
		return;
	}
	if (!a) {
		gw_problem(rq, 404, NULL, "There is nothing at this address.");
		return;
	}
	b = encoded(rq, a);
	gw_header(rq, "etag", b->etag);
	gw_header(rq, "vary", "accept-encoding");
	gw_header(rq, "cache-control",
	          a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	if (if_none_match && strstr(if_none_match, b->etag)) {
		gw_reply_empty(rq, 304);
		return;
	}
	if (b->coding)
		gw_header(rq, "content-encoding", b->coding);
	gw_header(rq, "content-type", a->type);
	gw_reply_memory(rq, 200, b->data, b->len);
}
