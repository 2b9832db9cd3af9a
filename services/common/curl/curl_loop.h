#pragma once
/*
 * libcurl's multi interface in the loop of a service: many transfers at once,
 * nothing blocks (https://curl.se/libcurl/c/libcurl-multi.html).
 *
 * The library itself lives as long as its loops: easy handles are made after
 * curl_loop_new() and cleaned up before curl_loop_free().
 */
#include "service.h"

#include <curl/curl.h>

struct curl_loop;

/* Called once for each finished transfer, from the loop; @easy is removed already and is the callee's. */
typedef void (*curl_loop_done)(CURL *easy, CURLcode code, void *arg);

struct curl_loop *curl_loop_new(struct service *s, curl_loop_done done, void *arg);
struct curl_loop *curl_loop_free(struct curl_loop *l); /* no transfer may be under way; accepts NULL */
void curl_loop_add(struct curl_loop *l, CURL *easy);
/* Breaks a transfer off; done() is not called for it. */
void curl_loop_remove(struct curl_loop *l, CURL *easy);
int curl_loop_active(const struct curl_loop *l);
