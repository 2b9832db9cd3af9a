/* Records on the wire: one msgpack map from field name to value. */
#include "record.h"
#include "msgpack_read.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

const struct rec_field *rec_field(const struct rec_def *def, const char *name)
{
	for (size_t i = 0; i < def->n_fields; i++)
		if (!strcmp(def->field[i].name, name))
			return &def->field[i];
	return NULL;
}

int64_t rec_get_i64(const struct rec_field *f, const void *rec)
{
	return *(const int64_t *)((const char *)rec + f->offset);
}

void rec_set_i64(const struct rec_field *f, void *rec, int64_t value)
{
	*(int64_t *)((char *)rec + f->offset) = value;
}

void rec_set_str(const struct rec_field *f, void *rec, const char *value)
{
	*(const char **)((char *)rec + f->offset) = value;
}

static const struct rec_field *find(const struct rec_def *def, struct mp_item key)
{
	for (size_t i = 0; i < def->n_fields; i++)
		if (mp_is(key, def->field[i].name))
			return &def->field[i];
	return NULL;
}

/* Stores one value; a string is copied to *@mem with a NUL, and *@mem advances. */
static int store(const struct rec_field *f, struct mp_item v, void *rec, char **mem)
{
	void *at = (char *)rec + f->offset;

	switch (f->kind) {
	case REC_I64:
		if (v.type != MP_INT)
			return REC_E_WRONG_TYPE;
		*(int64_t *)at = v.i;
		return 0;
	case REC_BOOL:
		if (v.type != MP_BOOL)
			return REC_E_WRONG_TYPE;
		*(bool *)at = v.i;
		return 0;
	case REC_STR:
		if (v.type != MP_STR || !rec_utf8_valid(v.at, v.n))
			return REC_E_WRONG_TYPE;
		*(const char **)at = *mem;
		break;
	case REC_BIN:
	case REC_SEAL:
		if (v.type != MP_BIN)
			return REC_E_WRONG_TYPE;
		*(struct rec_bin *)at = (struct rec_bin){ (const uint8_t *)*mem, v.n };
		break;
	}
	memcpy(*mem, v.at, v.n);
	(*mem)[v.n] = '\0';
	*mem += v.n + 1;
	return 0;
}

/* Bit n: field n of the record. */
struct met {
	uint64_t key;   /* its key was there */
	uint64_t value; /* and had a value: nil is none */
};

static int decode_field(const struct rec_def *def, struct mp_cursor *c, void *rec, char **mem,
                        struct met *met)
{
	struct mp_item key = mp_next(c), value;
	const struct rec_field *f = find(def, key);
	uint64_t bit = f ? 1ull << (f - def->field) : 0;

	mp_skip_inside(c, key);
	value = mp_next(c);
	if (c->bad || (met->key & bit))
		return REC_E_MALFORMED;
	met->key |= bit;
	if (!f || value.type == MP_NIL) {
		mp_skip_inside(c, value);
		return 0;
	}
	met->value |= bit;
	return store(f, value, rec, mem);
}

static int decode_map(const struct rec_def *def, struct mp_cursor *c, void *rec, char *mem)
{
	struct mp_item map = mp_next(c);
	struct met met = { 0 };
	int r;

	if (c->bad || map.type != MP_MAP)
		return REC_E_MALFORMED;
	while (map.n--) {
		r = decode_field(def, c, rec, &mem, &met);
		if (r)
			return r;
	}
	if (c->bad || c->p != c->end)
		return REC_E_MALFORMED;
	for (size_t i = 0; i < def->n_fields; i++)
		if ((def->field[i].flags & REC_REQUIRED) && !(met.value & (1ull << i)))
			return REC_E_MISSING_FIELD;
	return 0;
}

size_t rec_room(const struct rec_def *def, size_t len)
{
	return len + def->n_fields + 1;
}

void rec_forget(const struct rec_def *def, void *mem, size_t len)
{
	if (mem)
		explicit_bzero(mem, rec_room(def, len));
	free(mem);
}

int rec_unpack(const struct rec_def *def, const void *data, size_t len, void *ret_rec,
               void **ret_mem)
{
	struct mp_cursor c = { data, (const uint8_t *)data + len, false };
	char *mem;
	int r;

	if (len > REC_MAX_WIRE)
		return REC_E_MALFORMED;
	mem = malloc(rec_room(def, len));
	if (!mem)
		abort();
	memset(ret_rec, 0, def->size);
	r = decode_map(def, &c, ret_rec, mem);
	if (r) {
		explicit_bzero(ret_rec, def->size);
		rec_forget(def, mem, len);
		return r;
	}
	*ret_mem = mem;
	return 0;
}

static void pack_value(msgpack_packer *pk, const struct rec_field *f, const void *rec)
{
	const void *at = (const char *)rec + f->offset;
	const struct rec_bin *bin = at;
	const char *s;

	switch (f->kind) {
	case REC_I64:
		msgpack_pack_int64(pk, *(const int64_t *)at);
		break;
	case REC_BOOL:
		*(const bool *)at ? msgpack_pack_true(pk) : msgpack_pack_false(pk);
		break;
	case REC_STR:
		s = *(const char *const *)at;
		msgpack_pack_str_with_body(pk, s, strlen(s));
		break;
	case REC_BIN:
	case REC_SEAL:
		msgpack_pack_bin_with_body(pk, bin->data, bin->len);
		break;
	}
}

/* A field that is not there is not written: shorter, and N-1 never meets it. */
static bool absent(const struct rec_field *f, const void *rec)
{
	const void *at = (const char *)rec + f->offset;

	switch (f->kind) {
	case REC_STR:
		return !*(const char *const *)at;
	case REC_BIN:
	case REC_SEAL:
		return !((const struct rec_bin *)at)->data;
	case REC_I64:
		return !(f->flags & REC_REQUIRED) && !*(const int64_t *)at;
	case REC_BOOL:
		return !(f->flags & REC_REQUIRED) && !*(const bool *)at;
	}
	return true;
}

void rec_pack(const struct rec_def *def, const void *rec, msgpack_sbuffer *out)
{
	msgpack_packer pk;
	size_t n = 0;

	msgpack_packer_init(&pk, out, msgpack_sbuffer_write);
	for (size_t i = 0; i < def->n_fields; i++)
		n += !absent(&def->field[i], rec);
	msgpack_pack_map(&pk, n);
	for (size_t i = 0; i < def->n_fields; i++) {
		const struct rec_field *f = &def->field[i];

		if (absent(f, rec))
			continue;
		msgpack_pack_str_with_body(&pk, f->name, strlen(f->name));
		pack_value(&pk, f, rec);
	}
}
