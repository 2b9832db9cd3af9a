/* The hetzner service: the only one that talks to the cloud. */
#include "catalogue.h"
#include "client.h"
#include "operation.h"
#include "refresh.h"
#include "token.h"

static const char *endpoint;
static int64_t sync_s;
static struct op_settings op_conf;
static struct client *client;

static const struct conf_param params[] = {
	{ "hetzner_endpoint", CONF_STR, &endpoint, "https://api.hetzner.cloud/v1",
	  "the cloud's API; https, or http on this machine" },
	{ "public_url", CONF_STR, &op_conf.public_url, "",
	  "address of the portal, where new servers report their host keys" },
	{ "poll_ms", CONF_INT(10, 60000), &op_conf.poll_ms, "500",
	  "shortest time between two looks at a server" },
	{ "sync_s", CONF_INT(1, 86400), &sync_s, "60",
	  "time between two looks at all servers of a project" },
	CONF_END,
};

/* clang-format off */
static const struct svc_handler handlers[] = {
	{ &token_set_msg,     on_token_set },
	{ &server_create_msg, on_server_create },
	{ &server_delete_msg, on_server_delete },
	{ 0 },
};
/* clang-format on */

static int start(struct service *s)
{
	client = client_new(s, endpoint);
	if (!client)
		return 1;
	op_conf.storage_key = svc_keys(s)->own + 32;
	tokens_start(s, client, op_conf.poll_ms);
	catalogue_start(s, client);
	operations_start(s, client, &op_conf);
	refresh_start(s, client, sync_s);
	return 0;
}

static void stop(struct service *s)
{
	(void)s;
	client = client_free(client);
	catalogue_stop();
	refresh_stop();
}

static bool idle(struct service *s)
{
	(void)s;
	return !client_active(client);
}

int main(int argc, char **argv)
{
	static const struct svc_main me = {
		.svc = SVC_HETZNER,
		.params = params,
		.handlers = handlers,
		.start = start,
		.stop = stop,
		.idle = idle,
	};

	return svc_run(&me, argc, argv);
}
