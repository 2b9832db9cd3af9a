/* Problem documents: what went wrong, in words, and where to look. */
#include "gw_http.h"

#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	const char *code, *title;
} titles[] = {
	{ 400, "bad_request", "The request cannot be read" },
	{ 401, "unauthenticated", "Please sign in" },
	{ 403, "forbidden", "You are not allowed to do this" },
	{ 404, "not_found", "There is nothing here" },
	{ 405, "method_not_allowed", "This cannot be done here" },
	{ 409, "conflict", "Something has changed meanwhile" },
	{ 413, "too_large", "This is too large" },
	{ 415, "unsupported_media", "This must be JSON" },
	{ 422, "invalid", "Some fields need another look" },
	{ 429, "too_many", "Too many attempts" },
	{ 426, "upgrade_required", "This address is for WebSockets" },
	{ 500, "internal", "Something went wrong on our side" },
	{ 503, "unavailable", "This is not available right now" },
};

static const char *title_of(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "The request was refused";
}

static const char *code_of(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].code;
	return "refused";
}

static void begin(struct buf *b, struct gw_rq *rq, int status, const char *code, const char *detail)
{
	buf_init(b, 64 * 1024);
	buf_fmt(b, "{\"type\":\"about:blank\",\"title\":");
	buf_json_str(b, title_of(status));
	buf_fmt(b, ",\"status\":%d,\"detail\":", status);
	buf_json_str(b, detail);
	buf_str(b, ",\"code\":");
	buf_json_str(b, code);
	buf_str(b, ",\"correlation\":");
	buf_json_str(b, rq->corr);
}

static void end(struct buf *b, struct gw_rq *rq, int status)
{
	buf_str(b, "}");
	gw_header(rq, "cache-control", "no-store");
	gw_reply(rq, status, "application/problem+json; charset=utf-8", b->data, b->len);
}

void gw_retry_after(struct gw_rq *rq, int seconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", seconds);
	gw_header(rq, "retry-after", text);
}

void gw_problem(struct gw_rq *rq, int status, const char *code, const char *fmt, ...)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	char detail[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	begin(&b, rq, status, code ? code : code_of(status), detail);
	end(&b, rq, status);
}

static void field_line(struct buf *b, const char *field, const char *code, const char *detail)
{
	buf_str(b, "{\"field\":");
	buf_json_str(b, field);
	buf_str(b, ",\"code\":");
	buf_json_str(b, code);
	buf_str(b, ",\"detail\":");
	buf_json_str(b, detail);
	buf_str(b, "}");
}

void gw_problem_fields(struct gw_rq *rq, const struct rec_errors *errors)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	begin(&b, rq, 422, "invalid", errors->n == 1 ? errors->at[0].detail : "Please look at the marked fields.");
	buf_str(&b, ",\"errors\":[");
	for (size_t i = 0; i < errors->n; i++) {
		buf_str(&b, i ? "," : "");
		field_line(&b, errors->at[i].field, errors->at[i].code, errors->at[i].detail);
	}
	buf_str(&b, "]");
	end(&b, rq, 422);
}

void gw_problem_said(struct gw_rq *rq, int status, const char *field, const char *state, const char *detail)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (status == 503)
		gw_retry_after(rq, 5);
	begin(&b, rq, status, code_of(status), detail && *detail ? detail : title_of(status));
	if (state && *state) {
		buf_str(&b, ",\"state\":");
		buf_json_str(&b, state);
	}
	if (field && *field) {
		buf_str(&b, ",\"errors\":[");
		field_line(&b, field, "refused", detail ? detail : "");
		buf_str(&b, "]");
	}
	end(&b, rq, status);
}
