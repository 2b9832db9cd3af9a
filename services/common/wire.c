#include "wire.h"
#include "err.h"
#include "msgpack_read.h"

#include <stdlib.h>
#include <string.h>

static void put_str(msgpack_packer *pk, const char *key, const char *value)
{
	msgpack_pack_str_with_body(pk, key, strlen(key));
	msgpack_pack_str_with_body(pk, value, strlen(value));
}

static size_t fields(const struct wire *w)
{
	return !!w->svc + !!w->inst + !!w->id + !!w->type + !!w->corr + !!w->body.data + !!w->n_ids + 1;
}

void wire_pack(const struct wire *w, msgpack_sbuffer *out)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, out, msgpack_sbuffer_write);
	msgpack_pack_map(&pk, fields(w));
	if (w->svc)
		put_str(&pk, "svc", w->svc);
	if (w->inst)
		put_str(&pk, "inst", w->inst);
	if (w->id)
		put_str(&pk, "id", w->id);
	if (w->type)
		put_str(&pk, "type", w->type);
	if (w->corr)
		put_str(&pk, "corr", w->corr);
	msgpack_pack_str_with_body(&pk, "st", 2);
	msgpack_pack_int64(&pk, w->state);
	if (w->body.data) {
		msgpack_pack_str_with_body(&pk, "body", 4);
		msgpack_pack_bin_with_body(&pk, w->body.data, w->body.len);
	}
	if (w->n_ids) {
		msgpack_pack_str_with_body(&pk, "ids", 3);
		msgpack_pack_array(&pk, w->n_ids);
		for (size_t i = 0; i < w->n_ids; i++)
			msgpack_pack_str_with_body(&pk, w->ids[i], strlen(w->ids[i]));
	}
}

/* A string without NUL inside, copied to *@mem; NULL for anything else. */
static const char *text(struct mp_item it, char **mem)
{
	char *at = *mem;

	if (it.type != MP_STR || !rec_utf8_valid(it.at, it.n))
		return NULL;
	memcpy(at, it.at, it.n);
	at[it.n] = '\0';
	*mem += it.n + 1;
	return at;
}

static int read_ids(struct wire *w, struct mp_cursor *c, struct mp_item list, char **mem)
{
	if (list.type != MP_ARRAY || list.n > WIRE_RING_MAX)
		return REC_E_MALFORMED;
	for (; list.n; list.n--) {
		const char *id = text(mp_next(c), mem);

		if (!id || strlen(id) != 36)
			return REC_E_MALFORMED;
		w->ids[w->n_ids++] = id;
	}
	return 0;
}

static int read_field(struct wire *w, struct mp_cursor *c, char **mem)
{
	const struct {
		const char *key;
		const char **at;
	} strings[] = { { "svc", &w->svc }, { "inst", &w->inst }, { "id", &w->id },
		        { "type", &w->type }, { "corr", &w->corr } };
	struct mp_item key = mp_next(c), value = mp_next(c);

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (mp_is(key, strings[i].key))
			return *strings[i].at || !(*strings[i].at = text(value, mem)) ? REC_E_MALFORMED : 0;
	if (mp_is(key, "ids"))
		return w->n_ids ? REC_E_MALFORMED : read_ids(w, c, value, mem);
	if (mp_is(key, "st") && value.type == MP_INT) {
		w->state = value.i;
	} else if (mp_is(key, "body") && value.type == MP_BIN) {
		w->body = (struct rec_bin){ (const uint8_t *)*mem, value.n };
		memcpy(*mem, value.at, value.n);
		*mem += value.n;
	} else {
		if (key.type != MP_STR)
			return REC_E_MALFORMED;
		mp_skip_inside(c, value);
	}
	return 0;
}

int wire_read(struct wire *w, const void *head, size_t head_len, const void *data, size_t len)
{
	struct mp_cursor c = { data, (const uint8_t *)data + len, false };
	const uint8_t *h = head;
	struct mp_item map;
	char *mem;
	int r = 0;

	*w = (struct wire){ 0 };
	if (head_len != 2 || h[0] != WIRE_PROTOCOL || len > 2 * REC_MAX_WIRE)
		return REC_E_MALFORMED;
	map = mp_next(&c);
	if (c.bad || map.type != MP_MAP)
		return REC_E_MALFORMED;
	/* every value copied once takes at most its own bytes and a NUL for its header */
	mem = w->mem = malloc(2 * len + 2);
	if (!mem)
		abort();
	for (; map.n && !r && !c.bad; map.n--)
		r = read_field(w, &c, &mem);
	w->kind = h[1];
	if (!r && (c.bad || c.p != c.end))
		r = REC_E_MALFORMED;
	w->room = 2 * len + 2;
	if (r)
		wire_forget(w);
	return r;
}

void wire_forget(struct wire *w)
{
	if (w->mem)
		explicit_bzero(w->mem, w->room);
	free(w->mem);
	*w = (struct wire){ 0 };
}
