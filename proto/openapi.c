#include "openapi.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const patterns[] = {
	[REC_HOSTNAME] = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
	[REC_NAME] = "^[a-z0-9][a-z0-9._-]*$",
	[REC_UUID] = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
	[REC_LINE] = "^[^\\u0000-\\u001f\\u007f]*$",
	[REC_HEX] = "^[0-9a-f]*$",
	[REC_TEXT] = NULL,
};

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *choices(const char *words)
{
	json_t *list = json_array();

	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		json_array_append_new(list, json_stringn(at, n));
		at += n;
	}
	return list;
}

static json_t *text_schema(const struct rec_field *f)
{
	json_t *s = json_pack("{s:s}", "type", "string");

	if (f->min)
		set(s, "minLength", json_integer(f->min));
	if (f->max)
		set(s, "maxLength", json_integer(f->max));
	if (f->choices)
		set(s, "enum", choices(f->choices));
	if (f->format && patterns[f->format])
		set(s, "pattern", json_string(patterns[f->format]));
	if (f->flags & REC_SECRET)
		set(s, "writeOnly", json_true());
	return s;
}

static json_t *field_schema(const struct rec_field *f)
{
	json_t *s;

	if (f->kind == REC_I64) {
		s = json_pack("{s:s}", "type", "integer");
		if (f->min || f->max) {
			set(s, "minimum", json_integer(f->min));
			if (f->max < INT64_MAX)
				set(s, "maximum", json_integer(f->max));
		}
	} else if (f->kind == REC_BOOL) {
		s = json_pack("{s:s}", "type", "boolean");
	} else {
		s = text_schema(f);
	}
	if (*f->doc)
		set(s, "description", json_string(f->doc));
	return s;
}

static json_t *body_schema(const struct rec_def *def)
{
	json_t *fields = json_object(), *required = json_array();
	json_t *s = json_pack("{s:s,s:b}", "type", "object", "additionalProperties", 0);

	for (size_t i = 0; i < def->n_fields; i++) {
		const struct rec_field *f = &def->field[i];

		if ((f->flags & (REC_PATH | REC_INNER)) || f->kind == REC_BIN)
			continue;
		set(fields, f->name, field_schema(f));
		if (f->flags & REC_REQUIRED)
			json_array_append_new(required, json_string(f->name));
	}
	set(s, "properties", fields);
	if (json_array_size(required))
		set(s, "required", required);
	else
		json_decref(required);
	return s;
}

static json_t *parameter(const char *name, const char *in, const char *type, bool required,
                         const char *doc)
{
	return json_pack("{s:s,s:s,s:b,s:{s:s},s:s}", "name", name, "in", in, "required", required,
	                 "schema", "type", type, "description", doc);
}

/* What the parameters are that many routes share; any other is text. */
static const struct {
	const char *name, *type, *doc;
} known[] = {
	{ "q", "string", "part of a name" },
	{ "state", "string", "states, separated by commas" },
	{ "sort", "string", "column" },
	{ "dir", "string", "asc or desc" },
	{ "page", "integer", "from 1" },
	{ "size", "integer", "at most 100" },
	{ "project", "integer", "only of this project" },
	{ "request", "integer", "only of this request" },
	{ "server", "integer", "only of this server" },
	{ "from", "integer", "the first sequence number wanted, from 1" },
	{ "limit", "integer", "at most that many" },
};

static json_t *query_parameter(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return parameter(name, "query", known[i].type, false, known[i].doc);
	return parameter(name, "query", "string", false, name);
}

static void query_parameters(json_t *p, const char *words)
{
	for (const char *at = words; at && *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)n, at);
		json_array_append_new(p, query_parameter(name));
		at += n;
	}
}

static bool changes(const struct openapi_route *r)
{
	return strcmp(r->method, "GET") != 0;
}

/* "/requests/:id" becomes "/requests/{id}"; its segments become parameters. */
static json_t *template(const struct openapi_route *r, json_t *parameters)
{
	char out[256];
	size_t n = 0;

	for (const char *at = r->path; *at && n < sizeof(out) - 66;) {
		size_t len = strcspn(at + 1, "/");
		char name[64];

		if (at[0] == '/' && at[1] == ':' && len < sizeof(name)) {
			memcpy(name, at + 2, len - 1);
			name[len - 1] = '\0';
			json_array_append_new(parameters, parameter(name, "path", "string", true,
			                                            "part of the address"));
			out[n++] = '/';
			out[n++] = '{';
			memcpy(out + n, name, len - 1);
			n += len - 1;
			out[n++] = '}';
			at += len + 1;
		} else {
			out[n++] = *at++;
		}
	}
	return json_stringn(out, n);
}

static json_t *refer(const char *schema)
{
	return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema);
}

/* @schema may be NULL: a JSON value that is described in words elsewhere. */
static json_t *answer(const char *text, const char *type, const char *schema)
{
	json_t *a = json_pack("{s:s}", "description", text);

	if (type)
		set(a, "content",
		    json_pack("{s:{s:o}}", type, "schema", schema ? refer(schema) : json_object()));
	return a;
}

static json_t *problem(const char *text)
{
	return answer(text, "application/problem+json", "Problem");
}

static void good_answers(json_t *a, const struct openapi_route *r)
{
	switch (r->answer) {
	case OPENAPI_JSON:
		set(a, "200", answer("Done", "application/json", NULL));
		break;
	case OPENAPI_TEXT:
		set(a, "200", answer("Done", "text/plain", NULL));
		break;
	case OPENAPI_NOTHING:
		set(a, "204", answer("Done", NULL, NULL));
		break;
	case OPENAPI_WEBSOCKET:
		set(a, "101", answer("Changes follow as messages", NULL, NULL));
		set(a, "426", problem("This address speaks WebSocket"));
		break;
	}
	if (r->command) {
		set(a, "201", answer("Made", "application/json", NULL));
		set(a, "202",
		    answer("It will be done; look at the location", "application/json",
		           "Accepted"));
	}
}

static json_t *answers(const struct openapi_route *r)
{
	json_t *a = json_object();

	good_answers(a, r);
	if (r->query || r->body)
		set(a, "400", problem("The request cannot be read"));
	if (r->session) {
		set(a, "401", problem("Not signed in"));
		set(a, "403", problem("Not allowed"));
		set(a, "404", problem("Not there, or not given to you"));
		set(a, "503",
		    problem("Not possible right now; retry-after says when to try again"));
	}
	if (r->command)
		set(a, "409",
		    problem("Something has changed meanwhile; state says what it is now"));
	if (r->body)
		set(a, "422", problem("Some fields need another look; errors names them"));
	return a;
}

static json_t *operation(const struct openapi_route *r, json_t *parameters)
{
	json_t *o = json_pack("{s:s}", "summary", r->summary ? r->summary : "");

	query_parameters(parameters, r->query);
	if (r->command)
		json_array_append_new(parameters,
		                      parameter("Idempotency-Key", "header", "string", false,
		                                "the same key and body are done once"));
	if (r->session && changes(r))
		json_array_append_new(parameters, parameter("x-csrf-token", "header", "string",
		                                            true, "csrf of GET /session"));
	if (json_array_size(parameters))
		set(o, "parameters", json_incref(parameters));
	if (r->body)
		set(o, "requestBody",
		    json_pack("{s:b,s:{s:{s:o}}}", "required", 1, "content", "application/json",
		              "schema", body_schema(r->body)));
	set(o, "responses", answers(r));
	if (r->session)
		set(o, "security", json_pack("[{s:[]}]", "session"));
	return o;
}

static void add_route(json_t *paths, const struct openapi_route *r)
{
	static const char *const names[][2] = {
		{ "GET", "get" }, { "POST", "post" }, { "DELETE", "delete" }, { "PUT", "put" }
	};
	json_t *parameters = json_array(), *path = template(r, parameters), *item;

	item = json_object_get(paths, json_string_value(path));
	if (!item) {
		item = json_object();
		set(paths, json_string_value(path), item);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(r->method, names[i][0]))
			set(item, names[i][1], operation(r, parameters));
	json_decref(path);
	json_decref(parameters);
}

/* An object whose members are all text, but those in @numbers. */
static json_t *object_schema(const char *members, const char *numbers)
{
	json_t *properties = json_object();

	for (const char *at = members; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)n, at);
		set(properties, name,
		    json_pack("{s:s}", "type", strstr(numbers, name) ? "integer" : "string"));
		at += n;
	}
	return json_pack("{s:s,s:o}", "type", "object", "properties", properties);
}

static json_t *components(void)
{
	json_t *p = object_schema("type title status detail code correlation state", "status");
	json_t *errors = json_pack("{s:s,s:o}", "type", "array", "items",
	                           object_schema("field code detail", ""));

	set(json_object_get(p, "properties"), "errors", errors);
	return json_pack("{s:{s:{s:s,s:s,s:s}},s:{s:o,s:o}}", "securitySchemes", "session", "type",
	                 "apiKey", "in", "cookie", "name", "__Host-sid", "schemas", "Problem", p,
	                 "Accepted", object_schema("command location state", ""));
}

static int feed(const char *text, size_t len, void *arg)
{
	const struct {
		openapi_sink sink;
		void *arg;
	} *to = arg;

	to->sink(to->arg, text, len);
	return 0;
}

void openapi_write(const struct openapi_route *routes, size_t n, const char *title,
                   const char *version, openapi_sink sink, void *arg)
{
	struct {
		openapi_sink sink;
		void *arg;
	} to = { sink, arg };
	json_t *paths = json_object(), *root;

	for (size_t i = 0; i < n; i++)
		add_route(paths, &routes[i]);
	root = json_pack("{s:s,s:{s:s,s:s},s:o,s:o}", "openapi", "3.1.0", "info", "title", title,
	                 "version", version, "paths", paths, "components", components());
	json_dump_callback(root, feed, &to, JSON_INDENT(1));
	json_decref(root);
}
