/* An HTTP body becomes a record; everything wrong with it is named field by field. */
#include "record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16

/* jansson recurses; a coroutine's stack is small. So depth is bounded before it starts. */
static bool too_deep(const char *s, size_t n)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		if (quoted) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				quoted = false;
		} else if (s[i] == '"') {
			quoted = true;
		} else if (s[i] == '{' || s[i] == '[') {
			if (++depth > MAX_DEPTH)
				return true;
		} else if (s[i] == '}' || s[i] == ']') {
			depth--;
		}
	}
	return false;
}

static void complain(struct rec_errors *e, const char *field, const char *code, const char *detail)
{
	struct rec_error *at;

	if (e->n == REC_MAX_ERRORS)
		return;
	at = &e->at[e->n++];
	snprintf(at->field, sizeof(at->field), "%s", field);
	snprintf(at->code, sizeof(at->code), "%s", code);
	snprintf(at->detail, sizeof(at->detail), "%s", detail);
}

static const char *copy(const json_t *v, char **mem)
{
	size_t n = json_string_length(v);
	char *at = *mem;

	memcpy(at, json_string_value(v), n);
	at[n] = '\0';
	*mem += n + 1;
	return at;
}

static void store(const struct rec_field *f, const json_t *v, void *rec, char **mem,
                  struct rec_errors *e)
{
	void *at = (char *)rec + f->offset;

	if (json_is_null(v) && !(f->flags & REC_REQUIRED))
		return;
	switch (f->kind) {
	case REC_STR:
		if (json_is_string(v))
			*(const char **)at = copy(v, mem);
		else
			complain(e, f->name, "wrong_type", "This must be text.");
		break;
	case REC_SEAL:
		if (json_is_string(v))
			*(struct rec_bin *)at = (struct rec_bin){ (const uint8_t *)copy(v, mem),
				                                  json_string_length(v) };
		else
			complain(e, f->name, "wrong_type", "This must be text.");
		break;
	case REC_I64:
		if (json_is_integer(v))
			*(int64_t *)at = json_integer_value(v);
		else
			complain(e, f->name, "wrong_type", "This must be a whole number.");
		break;
	case REC_BOOL:
		if (json_is_boolean(v))
			*(bool *)at = json_is_true(v);
		else
			complain(e, f->name, "wrong_type", "This must be true or false.");
		break;
	case REC_BIN:
		complain(e, f->name, "unknown", "There is no such field.");
		break;
	}
}

static void decode(const struct rec_def *def, json_t *root, void *rec, char *mem,
                   struct rec_errors *e)
{
	const unsigned foreign = REC_PATH | REC_INNER;
	const char *key;
	json_t *v;

	json_object_foreach (root, key, v) {
		const struct rec_field *f = rec_field(def, key);

		if (!f || (f->flags & foreign))
			complain(e, key, "unknown", "There is no such field.");
		else
			store(f, v, rec, &mem, e);
	}
	for (size_t i = 0; i < def->n_fields; i++) {
		const struct rec_field *f = &def->field[i];

		if ((f->flags & (REC_REQUIRED | foreign)) == REC_REQUIRED &&
		    (f->kind == REC_I64 || f->kind == REC_BOOL) && !json_object_get(root, f->name))
			complain(e, f->name, "required", "This is needed.");
	}
}

/* Limits of all fields but those that come from elsewhere or were complained of already. */
static void check(const struct rec_def *def, const void *rec, struct rec_errors *e)
{
	struct rec_errors found = { 0 };
	size_t before = e->n;

	rec_check(def, rec, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct rec_field *f = rec_field(def, found.at[i].field);
		bool known = f->flags & (REC_PATH | REC_INNER);

		for (size_t k = 0; k < before && !known; k++)
			known = !strcmp(e->at[k].field, f->name);
		if (!known)
			complain(e, found.at[i].field, found.at[i].code, found.at[i].detail);
	}
}

static json_t *parse(const char *json, size_t len, struct rec_errors *e)
{
	json_error_t err;
	json_t *root;

	if (len > REC_MAX_WIRE || memchr(json, '\0', len) || too_deep(json, len)) {
		snprintf(e->why, sizeof(e->why), "The body is too large, nested too deep or contains a NUL byte.");
		return NULL;
	}
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &err);
	if (!root)
		snprintf(e->why, sizeof(e->why), "The body is not valid JSON: %.80s (byte %d).", err.text, err.position);
	else if (!json_is_object(root))
		snprintf(e->why, sizeof(e->why), "The body must be a JSON object.");
	if (root && e->why[0]) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

int rec_from_json(const struct rec_def *def, const char *json, size_t len, void *ret_rec,
                  void **ret_mem, struct rec_errors *errors)
{
	json_t *root;
	char *mem;

	*errors = (struct rec_errors){ 0 };
	memset(ret_rec, 0, def->size);
	root = parse(json, len, errors);
	if (!root)
		return REC_E_MALFORMED;
	mem = malloc(rec_room(def, len)); /* decoded strings are never longer than the text */
	if (!mem)
		abort();
	decode(def, root, ret_rec, mem, errors);
	check(def, ret_rec, errors);
	json_decref(root);
	if (errors->n) {
		explicit_bzero(ret_rec, def->size);
		rec_forget(def, mem, len);
		return REC_E_INVALID;
	}
	*ret_mem = mem;
	return 0;
}
