#include "gw_problem.h"

static const struct kind {
	int status;
	const char *code, *title, *sentence;
} kinds[] = {
	{ 400, "bad_request", "The request cannot be read",
	  "The request is not well-formed HTTP/1.1." },
	{ 401, "unauthenticated", "Please sign in",
	  "You are not signed in, or your session has ended." },
	{ 403, "forbidden", "You are not allowed to do this", "You are not allowed to do this." },
	{ 404, "not_found", "There is nothing here", "There is nothing at this address." },
	{ 405, "method_not_allowed", "This cannot be done here",
	  "This address does not take that method." },
	{ 408, "timeout", "The request took too long",
	  "The request did not arrive in time. Send it again." },
	{ 409, "conflict", "Something has changed meanwhile",
	  "Something has changed meanwhile. Reload and look again." },
	{ 411, "length_required", "The request has no length",
	  "Send the body with a content-length header, also when it is empty." },
	{ 413, "too_large", "This is too large",
	  "The body is too large: at most 256 KiB are taken." },
	{ 414, "too_long", "The address is too long", "The address is too long." },
	{ 415, "unsupported_media", "This must be JSON",
	  "Send JSON, with content-type: application/json." },
	{ 417, "bad_request", "The request cannot be read",
	  "Send the body at once: Expect is not supported." },
	{ 422, "invalid", "Some fields need another look", "Please look at the marked fields." },
	{ 426, "upgrade_required", "This address is for WebSockets",
	  "This address speaks WebSocket." },
	{ 429, "too_many", "Too many attempts",
	  "That was too often. Wait a moment and try again." },
	{ 431, "too_large", "Too many headers",
	  "The headers are too large, or there are more than 23 of them." },
	{ 500, "internal", "Something went wrong on our side",
	  "Something went wrong on our side." },
	{ 501, "bad_request", "The request cannot be read",
	  "This method or transfer encoding is not supported." },
	{ 503, "unavailable", "This is not available right now",
	  "This is not available right now. Try again in a few seconds." },
	{ 505, "bad_request", "The request cannot be read", "Only HTTP/1.1 is spoken here." },
};

static const struct kind *kind_of(int status)
{
	static const struct kind other = { 0, "refused", "The request was refused",
		                           "The request was refused." };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].status == status)
			return &kinds[i];
	return &other;
}

const char *gw_problem_sentence(int status)
{
	return kind_of(status)->sentence;
}

static void member(struct buf *b, const char *name, const char *value)
{
	buf_fmt(b, ",\"%s\":", name);
	buf_json_str(b, value);
}

static void error_line(struct buf *b, const char *field, const char *code, const char *detail)
{
	buf_str(b, "{\"field\":");
	buf_json_str(b, field);
	member(b, "code", code);
	member(b, "detail", detail);
	buf_str(b, "}");
}

static void error_lines(struct buf *b, const struct gw_problem *p, const char *detail)
{
	buf_str(b, ",\"errors\":[");
	if (p->errors) {
		for (size_t i = 0; i < p->errors->n; i++) {
			buf_str(b, i ? "," : "");
			error_line(b, p->errors->at[i].field, p->errors->at[i].code,
			           p->errors->at[i].detail);
		}
	} else {
		error_line(b, p->field, "refused", detail);
	}
	buf_str(b, "]");
}

static const char *detail_of(const struct gw_problem *p, const struct kind *kind)
{
	if (p->detail && *p->detail)
		return p->detail;
	return p->errors && p->errors->n == 1 ? p->errors->at[0].detail : kind->sentence;
}

void gw_problem_json(struct buf *b, const struct gw_problem *p)
{
	const struct kind *kind = kind_of(p->status);
	const char *detail = detail_of(p, kind);

	buf_init(b, 64 * 1024);
	buf_str(b, "{\"type\":\"about:blank\"");
	member(b, "title", kind->title);
	buf_fmt(b, ",\"status\":%d", p->status);
	member(b, "detail", detail);
	member(b, "code", p->code ? p->code : kind->code);
	member(b, "correlation", p->corr);
	if (p->state && *p->state)
		member(b, "state", p->state);
	if (p->errors || (p->field && *p->field))
		error_lines(b, p, detail);
	buf_str(b, "}");
}
