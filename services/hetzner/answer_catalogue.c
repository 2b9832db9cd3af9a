#include "answer_catalogue.h"

#include <string.h>

int answer_money(const char *text, enum money_unit unit, int64_t *ret)
{
	int64_t whole = 0, part = 0, digit = unit / 10;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (p - text > 9)
			return ANSWER_E_BAD;
		whole = whole * 10 + (*p - '0');
	}
	if (p == text || (*p && *p != '.') || (*p == '.' && !p[1]))
		return ANSWER_E_BAD;
	for (p += *p == '.'; *p >= '0' && *p <= '9'; p++, digit /= 10) {
		part += digit * (*p - '0');
		if (!digit) { /* the first digit that does not count any more decides */
			part += *p >= '5';
			p += strspn(p, "0123456789");
			break;
		}
	}
	*ret = whole * unit + part;
	return *p ? ANSWER_E_BAD : 0;
}

static int price(const json_t *o, const char *name, enum money_unit unit, int64_t *ret)
{
	char net[40];

	return answer_str(json_object_get(o, name), "net", net, sizeof(net)) ||
	       answer_money(net, unit, ret);
}

static int number(const json_t *o, const char *name, double factor, int64_t *ret)
{
	const json_t *v = json_object_get(o, name);
	double n = json_is_number(v) ? json_number_value(v) * factor : -1;

	if (!(n >= 0 && n < 1e9))
		return ANSWER_E_BAD;
	*ret = (int64_t)n;
	return 0;
}

/* ---- server types -------------------------------------------------------------------------- */

/* What the type's list of locations says about one of them; NULL: not offered there (any more). */
static const json_t *offer_at(const json_t *type, const char *location)
{
	const json_t *list = json_object_get(type, "locations"), *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		const char *name = json_string_value(json_object_get(o, "name"));

		if (name && !strcmp(name, location))
			return o;
	}
	return NULL;
}

/* A deprecation stands at the location, at the type, or nowhere. */
static const char *ends_at(const json_t *offer, const json_t *type)
{
	const json_t *d = json_object_get(offer, "deprecation");

	if (!json_is_object(d))
		d = json_object_get(type, "deprecation");
	return json_string_value(json_object_get(d, "unavailable_after"));
}

static int read_price(const json_t *type, const char *type_name, const json_t *o, json_t *prices)
{
	int64_t monthly, hourly;
	const json_t *offer;
	char location[64];

	if (answer_str(o, "location", location, sizeof(location)) ||
	    price(o, "price_monthly", MONEY_MINOR, &monthly) ||
	    price(o, "price_hourly", MONEY_MICRO, &hourly))
		return ANSWER_E_BAD;
	offer = offer_at(type, location);
	if (!offer)
		return 0;
	json_array_append_new(prices,
	                      json_pack("{s:s, s:s, s:I, s:I, s:b, s:s?}", "server_type", type_name,
	                                "location", location, "monthly_minor", (json_int_t)monthly,
	                                "hourly_micro", (json_int_t)hourly, "available",
	                                !json_is_false(json_object_get(offer, "available")),
	                                "unavailable_after", ends_at(offer, type)));
	return 0;
}

static int read_type(const json_t *o, json_t *types, json_t *prices)
{
	const char *category = json_string_value(json_object_get(o, "category"));
	int64_t id, cores, memory, disk;
	const json_t *list = json_object_get(o, "prices"), *p;
	char name[64], description[200], architecture[32];
	size_t i;

	if (answer_id(o, "id", &id) || answer_str(o, "name", name, sizeof(name)) ||
	    answer_str(o, "description", description, sizeof(description)) ||
	    answer_str(o, "architecture", architecture, sizeof(architecture)) ||
	    number(o, "cores", 1, &cores) || number(o, "memory", 1024, &memory) ||
	    number(o, "disk", 1, &disk) || !json_is_array(list))
		return ANSWER_E_BAD;
	json_array_append_new(types,
	                      json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s}", "name", name,
	                                "provider_id", (json_int_t)id, "description", description,
	                                "category", category ? category : "", "cores",
	                                (json_int_t)cores, "memory_mb", (json_int_t)memory,
	                                "disk_gb", (json_int_t)disk, "architecture", architecture));
	json_array_foreach(list, i, p) if (read_price(o, name, p, prices)) return ANSWER_E_BAD;
	return 0;
}

int answer_types(const json_t *root, json_t *types, json_t *prices, int64_t *ret_next)
{
	const json_t *list = json_object_get(root, "server_types"), *o;
	size_t i;

	if (!json_is_array(list) || answer_next_page(root, ret_next))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o) if (read_type(o, types, prices)) return ANSWER_E_BAD;
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------ */

int answer_locations(const json_t *root, json_t *rows, int64_t *ret_next)
{
	const json_t *list = json_object_get(root, "locations"), *o;
	char name[64], city[120], country[64];
	size_t i;

	if (!json_is_array(list) || answer_next_page(root, ret_next))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o)
	{
		if (answer_str(o, "name", name, sizeof(name)) ||
		    answer_str(o, "city", city, sizeof(city)) ||
		    answer_str(o, "country", country, sizeof(country)))
			return ANSWER_E_BAD;
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "name", name, "city", city,
		                                      "country", country));
	}
	return 0;
}

/* Deprecation was a flat date first and is an object now. */
static bool deprecated(const json_t *o)
{
	return json_is_string(json_object_get(o, "deprecated")) ||
	       json_is_object(json_object_get(o, "deprecation"));
}

int answer_images(const json_t *root, json_t *rows, int64_t *ret_next)
{
	const json_t *list = json_object_get(root, "images"), *o;
	char name[120], architecture[32], description[300];
	size_t i;

	if (!json_is_array(list) || answer_next_page(root, ret_next))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o)
	{
		if (!json_is_string(json_object_get(o, "name")))
			continue; /* snapshots have none */
		if (answer_str(o, "name", name, sizeof(name)) ||
		    answer_str(o, "architecture", architecture, sizeof(architecture)) ||
		    answer_str(o, "description", description, sizeof(description)))
			return ANSWER_E_BAD;
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:b}", "name", name,
		                                      "architecture", architecture, "description",
		                                      description, "deprecated", deprecated(o)));
	}
	return 0;
}

static int read_ipv4(const json_t *list, json_t *rows)
{
	const json_t *o;
	char location[64];
	int64_t monthly;
	size_t i;

	json_array_foreach(list, i, o)
	{
		if (answer_str(o, "location", location, sizeof(location)) ||
		    price(o, "price_monthly", MONEY_MINOR, &monthly))
			return ANSWER_E_BAD;
		json_array_append_new(rows, json_pack("{s:s, s:I}", "location", location,
		                                      "ipv4_minor", (json_int_t)monthly));
	}
	return 0;
}

int answer_pricing(const json_t *root, struct answer_account *ret, json_t *rows)
{
	const json_t *pricing = json_object_get(root, "pricing"), *o;
	const json_t *list = json_object_get(pricing, "primary_ips");
	char type[16];
	int64_t vat;
	size_t i;

	if (answer_str(pricing, "currency", ret->currency, sizeof(ret->currency)) ||
	    strspn(ret->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3 ||
	    answer_str(pricing, "vat_rate", ret->vat_rate, sizeof(ret->vat_rate)) ||
	    answer_money(ret->vat_rate, MONEY_MINOR, &vat) || vat >= 1000 * MONEY_MINOR ||
	    !json_is_array(list))
		return ANSWER_E_BAD;
	json_array_foreach(list, i, o)
	{
		if (answer_str(o, "type", type, sizeof(type)))
			return ANSWER_E_BAD;
		if (!strcmp(type, "ipv4") && read_ipv4(json_object_get(o, "prices"), rows))
			return ANSWER_E_BAD;
	}
	return 0;
}
