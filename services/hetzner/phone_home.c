#include "phone_home.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void phone_home_token(const uint8_t storage_key[32], const char *op, int64_t order,
                      char out[PHONE_HOME_TOKEN])
{
	uint8_t hash[(PHONE_HOME_TOKEN - 1) / 2];
	char message[80];

	snprintf(message, sizeof(message), "phone-home:%s:%" PRId64, op, order);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)message, strlen(message),
	                   storage_key, 32);
	sodium_bin2hex(out, PHONE_HOME_TOKEN, hash, sizeof(hash));
}

void phone_home_user_data(struct buf *out, const char *public_url, const char *token)
{
	buf_fmt(out,
	        "#cloud-config\n"
	        "ssh_pwauth: false\n"
	        "disable_root: false\n"
	        "phone_home:\n"
	        "  url: \"%s/hook/phone-home/%s\"\n"
	        "  post: [pub_key_ed25519, instance_id, hostname, fqdn]\n"
	        "  tries: 10\n",
	        public_url, token);
}
