#include "answer.h"

#include <string.h>

#define ID_MAX ((INT64_C(1) << 53) - 1)

json_t *answer_parse(const char *body, size_t len)
{
	json_t *root;

	/* Without JSON_ALLOW_NUL jansson refuses an escaped NUL inside strings. */
	root = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	if (root && !json_is_object(root)) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

int answer_str(const json_t *o, const char *name, char *ret, size_t size)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_string(v) || json_string_length(v) >= size)
		return ANSWER_E_BAD;
	memcpy(ret, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

int answer_id(const json_t *o, const char *name, int64_t *ret)
{
	const json_t *v = json_object_get(o, name);

	*ret = json_is_integer(v) ? json_integer_value(v) : 0;
	return *ret > 0 && *ret <= ID_MAX ? 0 : ANSWER_E_BAD;
}

/* Only next_page may be relied on; null is the end. */
int answer_next_page(const json_t *root, int64_t *ret)
{
	const json_t *page = json_object_get(json_object_get(root, "meta"), "pagination");
	const json_t *next = json_object_get(page, "next_page");

	*ret = 0;
	if (!next || json_is_null(next))
		return 0;
	*ret = json_is_integer(next) ? json_integer_value(next) : 0;
	return *ret > 1 && *ret <= ID_MAX ? 0 : ANSWER_E_BAD;
}

static void cut_copy(const json_t *o, const char *name, char *ret, size_t size)
{
	const char *s = json_string_value(json_object_get(o, name));
	size_t n = s ? strnlen(s, size - 1) : 0;

	while (n > 0 && s[n] && ((unsigned char)s[n] & 0xC0) == 0x80)
		n--; /* not inside a character */
	memcpy(ret, s ? s : "", n);
	ret[n] = '\0';
}

void answer_error(const json_t *root, struct answer_error *ret)
{
	const json_t *e = json_object_get(root, "error");

	cut_copy(e, "code", ret->code, sizeof(ret->code));
	cut_copy(e, "message", ret->message, sizeof(ret->message));
}

/* ---- servers ------------------------------------------------------------------------------- */

static int address(const json_t *net, const char *family, char *ret, size_t size)
{
	const json_t *ip = json_object_get(net, family);

	*ret = '\0';
	return !ip || json_is_null(ip) ? 0 : answer_str(ip, "ip", ret, size);
}

static int read_server(const json_t *o, struct answer_server *s)
{
	const json_t *net = json_object_get(o, "public_net"),
		     *labels = json_object_get(o, "labels");

	if (!json_is_object(o) || !json_is_object(net) || !json_is_object(labels))
		return ANSWER_E_BAD;
	cut_copy(labels, "sps-op", s->op, sizeof(s->op));
	s->guarded = json_is_true(json_object_get(json_object_get(o, "protection"), "delete"));
	return answer_id(o, "id", &s->id) || answer_str(o, "name", s->name, sizeof(s->name)) ||
	       answer_str(o, "status", s->status, sizeof(s->status)) ||
	       answer_str(json_object_get(o, "server_type"), "name", s->server_type,
	                  sizeof(s->server_type)) ||
	       answer_str(json_object_get(o, "location"), "name", s->location,
	                  sizeof(s->location)) ||
	       address(net, "ipv4", s->ipv4, sizeof(s->ipv4)) ||
	       address(net, "ipv6", s->ipv6, sizeof(s->ipv6));
}

int answer_server(const json_t *root, struct answer_server *ret)
{
	*ret = (struct answer_server){ 0 };
	return read_server(json_object_get(root, "server"), ret);
}

int answer_servers(const json_t *root, void (*fn)(void *arg, const struct answer_server *s),
                   void *arg, int64_t *ret_next)
{
	const json_t *list = json_object_get(root, "servers"), *o;
	size_t i;

	if (!json_is_array(list) || answer_next_page(root, ret_next))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o)
	{
		struct answer_server s = { 0 };

		if (read_server(o, &s))
			return ANSWER_E_BAD;
		fn(arg, &s);
	}
	return 0;
}

/* ---- actions ------------------------------------------------------------------------------- */

static int read_action(const json_t *o, struct answer_actions *all)
{
	static const char *const words[] = { "running", "success", "error" };
	struct answer_action *a = &all->at[all->n];
	char status[16];

	if (all->n == ANSWER_ACTIONS || answer_id(o, "id", &a->id) ||
	    answer_str(o, "status", status, sizeof(status)))
		return ANSWER_E_BAD;
	answer_error(o, &a->error);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(status, words[i])) {
			a->status = i;
			all->n++;
			return 0;
		}
	return ANSWER_E_BAD;
}

static int read_actions(const json_t *list, struct answer_actions *ret)
{
	const json_t *o;
	size_t i;

	if (!json_is_array(list))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o) if (read_action(o, ret)) return ANSWER_E_BAD;
	return 0;
}

int answer_actions(const json_t *root, struct answer_actions *ret)
{
	ret->n = 0;
	return read_actions(json_object_get(root, "actions"), ret);
}

int answer_action(const json_t *root, struct answer_actions *ret)
{
	ret->n = 0;
	return read_action(json_object_get(root, "action"), ret);
}

int answer_created(const json_t *root, struct answer_server *ret,
                   struct answer_actions *ret_actions)
{
	return answer_server(root, ret) || answer_action(root, ret_actions) ||
	       read_actions(json_object_get(root, "next_actions"), ret_actions);
}

/* ---- SSH keys ------------------------------------------------------------------------------ */

int answer_ssh_key(const json_t *root, int64_t *ret)
{
	return answer_id(json_object_get(root, "ssh_key"), "id", ret);
}

/* Type and key count; the comment does not. */
static bool same_key(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	n += a[n] == ' ';
	n += strcspn(a + n, " \r\n");
	return !strncmp(a, b, n) && (b[n] == '\0' || strchr(" \r\n", b[n]));
}

int answer_ssh_keys(const json_t *root, const char *public_key, int64_t *ret, int64_t *ret_next)
{
	const json_t *list = json_object_get(root, "ssh_keys"), *o;
	char key[1024];
	int64_t id;
	size_t i;

	*ret = 0;
	if (!json_is_array(list) || answer_next_page(root, ret_next))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o)
	{
		if (answer_id(o, "id", &id))
			return ANSWER_E_BAD;
		if (!*ret && !answer_str(o, "public_key", key, sizeof(key)) &&
		    same_key(public_key, key))
			*ret = id;
	}
	return 0;
}
