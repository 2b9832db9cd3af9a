#pragma once
/*
 * The one place that speaks HTTP with the provider: in the service's own loop,
 * nothing blocks
 *
 * TLS with a checked certificate; plain http only to a loopback address. No
 * redirects, no proxy, at most 4 MiB and 30 seconds an answer, JSON or nothing.
 */
#include "answer.h"
#include "policy.h"
#include "service.h"

#define CLIENT_TIMEOUT_MS 30000

struct client;

struct reply {
	int status;   /* 0: there was no answer, or none that can be read */
	json_t *root; /* NULL: no body; borrowed */
	struct answer_error error;
	const char *bucket;          /* which of the project's hourly budgets it came from */
	int64_t remaining, limit;    /* of that budget; -1: not said */
	const struct policy *policy; /* what it means */
};

typedef void (*client_done)(void *arg, const struct reply *reply);

/* NULL after saying in the log what is wrong with @endpoint. */
struct client *client_new(struct service *s, const char *endpoint);
struct client *client_free(struct client *c); /* requests under way are forgotten; accepts NULL */
int client_active(const struct client *c);
/* Which of a project's hourly budgets a request to @path is taken from. */
const char *client_bucket(const char *path);

/*
 * Sends @method with @body (taken over; NULL: none) to the path that @fmt
 * makes. done(arg, reply) is called once, later, from the loop; a request that
 * client_free() forgets free()s @arg instead.
 */
void client_send(struct client *c, const char *method, const char *token, json_t *body,
                 client_done done, void *arg, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
