#pragma once
/*
 * The OpenAPI 3.1 description of the API, written from the routes and the field
 * lists of their bodies (https://spec.openapis.org/oas/v3.1.0).
 */
#include "record.h"

enum openapi_answer {
	OPENAPI_JSON,
	OPENAPI_TEXT,
	OPENAPI_NOTHING,   /* 204 */
	OPENAPI_WEBSOCKET, /* 101 */
};

struct openapi_route {
	const char *method, *path; /* path with ":name" segments */
	const char *summary;
	const struct rec_def *body; /* NULL: none */
	enum openapi_answer answer; /* when all is well */
	bool command;               /* takes an Idempotency-Key, may answer 202 */
	const char *query; /* parameters it takes, words with spaces between them; NULL: none */
	bool session; /* needs the session cookie, and x-csrf-token when it changes something */
};

/* Gets the document piece by piece. */
typedef void (*openapi_sink)(void *arg, const char *text, size_t len);

void openapi_write(const struct openapi_route *routes, size_t n, const char *title,
                   const char *version, openapi_sink sink, void *arg);
