#pragma once
/* The catalogue's answers: turned into the JSON that the sync's statements take apart again. */
#include "answer.h"

/* Parts of one euro (or dollar): cents and millionths. */
enum money_unit { MONEY_MINOR = 100, MONEY_MICRO = 1000000 };

/* "3.4900" gives 349 or 3490000; what is smaller than the unit is rounded half up, once. */
int answer_money(const char *text, enum money_unit unit, int64_t *ret);

/*
 * Each appends rows to @rows, a JSON array; *ret_next as in answer.h.
 *   types      {name, provider_id, description, category, cores, memory_mb, disk_gb, architecture}
 *   prices     {server_type, location, monthly_minor, hourly_micro, available, unavailable_after}
 *   locations  {name, city, country}
 *   images     {name, architecture, description, deprecated}
 */
int answer_types(const json_t *root, json_t *types, json_t *prices, int64_t *ret_next);
int answer_locations(const json_t *root, json_t *rows, int64_t *ret_next);
int answer_images(const json_t *root, json_t *rows, int64_t *ret_next);

/* /pricing: currency, VAT and what an IPv4 address costs a month: {location, ipv4_minor}. */
struct answer_account {
	char currency[4], vat_rate[32];
};
int answer_pricing(const json_t *root, struct answer_account *ret, json_t *rows);
