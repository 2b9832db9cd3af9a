#pragma once
/*
 * The key directory (made by `spsctl keygen DIR`)
 *
 *     DIR/public/<service>.pub      curve public key (Z85, 40 characters) and
 *                                   seal public key (hex, 64), one per line
 *     DIR/private/<service>.key     curve secret (Z85), seal secret (hex), storage key (hex);
 *                                   mode 0600, owned by the service's uid
 *
 * The list of public keys is also the allow-list of the bus: a peer whose CURVE
 * key is not in DIR/public is refused (ZAP), and its file name says who it is.
 */
#include "messages.h"

#include <stdint.h>

#define CURVE_Z85 41

struct keys {
	char curve_public[CURVE_Z85], curve_secret[CURVE_Z85];
	uint8_t seal_public[32];
	uint8_t *own; /* sodium_malloc: seal secret (32) then storage key (32); NULL without private keys */
	struct {
		const struct svc_info *svc;
		char curve[CURVE_Z85];
		uint8_t seal[32];
	} peer[8];
	size_t n_peers;
};

/*
 * Reads the public keys of all services and the private file of @service (NULL: none),
 * which nobody but its owner may be able to read. 0 or -errno, said in the log.
 */
int keys_load(struct keys *k, const char *dir, const char *service);
void keys_release(struct keys *k);
/* The service whose CURVE public key (Z85) this is, or NULL. */
const struct svc_info *keys_who(const struct keys *k, const char *curve_z85);
const char *keys_curve(const struct keys *k, const char *service);       /* NULL: unknown */
const uint8_t *keys_seal(const struct keys *k, const char *service);     /* NULL: unknown */
/*
 * Writes new keys for all services that have none yet, and public files that are
 * missing. What is there is never replaced; what does not fit together is no success.
 * 0, or -errno and in @ret_why a sentence.
 */
#define KEYS_WHY 240
int keys_generate(const char *dir, char ret_why[KEYS_WHY]);
