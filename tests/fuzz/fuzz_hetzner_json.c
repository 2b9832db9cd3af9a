/*
 * Answers of the provider: whatever bytes arrive, the readers end, and what
 * they let through is within its bounds.
 */
#include "services/hetzner/answer.h"
#include "services/hetzner/answer_catalogue.h"

#include "services/hetzner/answer.c"
#include "services/hetzner/answer_catalogue.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_server(void *arg, const struct answer_server *s)
{
	(void)arg;
	if (s->id <= 0 || s->id > ID_MAX || strnlen(s->name, sizeof(s->name)) == sizeof(s->name) ||
	    strnlen(s->ipv6, sizeof(s->ipv6)) == sizeof(s->ipv6))
		abort();
}

static void read_servers(const json_t *root)
{
	struct answer_actions actions;
	struct answer_server s;
	struct answer_error e;
	int64_t id, next;

	answer_error(root, &e);
	if (!answer_server(root, &s))
		check_server(NULL, &s);
	if (!answer_created(root, &s, &actions) && (!actions.n || actions.n > ANSWER_ACTIONS))
		abort();
	if (!answer_servers(root, check_server, NULL, &next) && (next < 0 || next > 10000))
		abort();
	answer_actions(root, &actions);
	answer_action(root, &actions);
	answer_ssh_key(root, &id);
	answer_ssh_keys(root, "ssh-ed25519 AAAA comment", &id, &next);
}

static void read_catalogue(const json_t *root)
{
	json_t *a = json_array(), *b = json_array(), *row;
	struct answer_account account;
	int64_t next;
	size_t i;

	answer_types(root, a, b, &next);
	json_array_foreach (b, i, row)
		if (json_integer_value(json_object_get(row, "monthly_minor")) < 0)
			abort();
	answer_locations(root, a, &next);
	answer_images(root, a, &next);
	answer_pricing(root, &account, b);
	json_decref(a);
	json_decref(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t *root = answer_parse((const char *)data, len);

	if (root) {
		read_servers(root);
		read_catalogue(root);
	}
	json_decref(root);
	return 0;
}
