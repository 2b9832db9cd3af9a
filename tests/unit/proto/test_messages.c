/* Every message there is, and every one that will be: the list is the test data. */
#include "../unit.h"
#include "messages.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

/* A valid value for every field, made from its limits. */
static void fill(const struct rec_def *def, void *rec, char *text)
{
	memset(rec, 0, def->size);
	for (size_t i = 0; i < def->n_fields; i++) {
		const struct rec_field *f = &def->field[i];
		size_t len = f->min > 1 ? (size_t)f->min : 1;

		if (f->kind == REC_I64)
			rec_set_i64(f, rec, f->min ? f->min : 7);
		else if (f->kind == REC_BOOL)
			*(bool *)((char *)rec + f->offset) = true;
		else if (f->kind == REC_BIN || f->kind == REC_SEAL)
			*(struct rec_bin *)((char *)rec + f->offset) = (struct rec_bin){ (uint8_t *)text, len };
		else if (f->format == REC_UUID)
			rec_set_str(f, rec, "018f0000-0000-7000-8000-000000000001");
		else if (f->choices)
			rec_set_str(f, rec, strndup(f->choices, strcspn(f->choices, " ")));
		else
			rec_set_str(f, rec, strndup(text, len));
	}
}

static void drop(const struct rec_def *def, void *rec)
{
	for (size_t i = 0; i < def->n_fields; i++)
		if (def->field[i].kind == REC_STR && def->field[i].format != REC_UUID)
			free(*(char **)((char *)rec + def->field[i].offset));
}

static char letters[4096];

static void every_message_survives_the_wire(void **state)
{
	(void)state;
	for (const struct rec_def *const *d = record_defs; *d; d++) {
		char in[1024], out[1024];
		msgpack_sbuffer wire, again;
		void *mem = NULL;

		fill(*d, in, letters);
		assert_int_equal(rec_check(*d, in, NULL), 0);
		msgpack_sbuffer_init(&wire);
		msgpack_sbuffer_init(&again);
		rec_pack(*d, in, &wire);
		assert_int_equal(rec_unpack(*d, wire.data, wire.size, out, &mem), 0);
		rec_pack(*d, out, &again);
		assert_int_equal(wire.size, again.size);
		assert_memory_equal(wire.data, again.data, wire.size);
		free(mem);
		msgpack_sbuffer_destroy(&wire);
		msgpack_sbuffer_destroy(&again);
		drop(*d, in);
	}
}

static void no_truncated_message_is_accepted(void **state)
{
	(void)state;
	for (const struct rec_def *const *d = record_defs; *d; d++) {
		char in[1024], out[1024];
		msgpack_sbuffer wire;
		void *mem = NULL;

		fill(*d, in, letters);
		msgpack_sbuffer_init(&wire);
		rec_pack(*d, in, &wire);
		for (size_t len = 0; len < wire.size; len++) {
			char *exact = malloc(len ? len : 1); /* so that ASan sees a read past the end */

			memcpy(exact, wire.data, len);
			assert_true(rec_unpack(*d, exact, len, out, &mem) > 0);
			free(exact);
		}
		msgpack_sbuffer_destroy(&wire);
		drop(*d, in);
	}
}

/* Flipped bytes may decode to another valid message, but never crash nor break a rule of reading. */
static void mutated_messages_are_refused_or_read_whole(void **state)
{
	unsigned seed = 20261128;
	(void)state;

	for (const struct rec_def *const *d = record_defs; *d; d++) {
		char in[1024], out[1024];
		msgpack_sbuffer wire;

		fill(*d, in, letters);
		msgpack_sbuffer_init(&wire);
		rec_pack(*d, in, &wire);
		for (int i = 0; i < 3000; i++) {
			char *bad = malloc(wire.size);
			void *mem = NULL;

			memcpy(bad, wire.data, wire.size);
			for (int k = 0; k <= i % 3; k++) {
				seed = seed * 1103515245 + 12345;
				bad[(seed >> 8) % wire.size] = (char)(seed >> 20);
			}
			if (!rec_unpack(*d, bad, wire.size, out, &mem)) {
				rec_check(*d, out, NULL);
				free(mem);
			}
			free(bad);
		}
		msgpack_sbuffer_destroy(&wire);
		drop(*d, in);
	}
}

static void five_bytes_cannot_ask_for_gigabytes(void **state)
{
	static const uint8_t map[] = { 0xdf, 0xff, 0xff, 0xff, 0xff }, array[] = { 0xdd, 0xff, 0, 0, 0 },
			     str[] = { 0xdb, 0xff, 0xff, 0xff, 0xff, 'a' };
	char out[1024];
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_unpack(&request_submit_def, map, sizeof(map), out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&request_submit_def, array, sizeof(array), out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&request_submit_def, str, sizeof(str), out, &mem), REC_E_MALFORMED);
}

static void a_newer_sender_may_add_keys_and_an_older_one_may_leave_them_out(void **state)
{
	/* {"run": 7, "brand_new": [1, {"a": null}]} */
	static const uint8_t newer[] = "\x82\xa3run\x07\xa9" "brand_new" "\x92\x01\x81\xa1" "a\xc0";
	struct run_cancel out;
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_unpack(&run_cancel_def, newer, sizeof(newer) - 1, &out, &mem), 0);
	assert_int_equal(out.run, 7);
	assert_null(out.reason);
	free(mem);
}

static void duplicate_keys_wrong_types_and_deep_nesting_are_refused(void **state)
{
	static const uint8_t twice[] = "\x82\xa3run\x07\xa3run\x08";
	static const uint8_t text[] = "\x81\xa3run\xa1" "7";
	static const uint8_t deep[] = "\x82\xa3run\x07\xa1x\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01";
	static const uint8_t nul[] = "\x82\xa3run\x07\xa6reason\xa2" "a\0";
	static const uint8_t utf8[] = "\x82\xa3run\x07\xa6reason\xa2\xc3\x28";
	struct run_cancel out;
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_unpack(&run_cancel_def, twice, sizeof(twice) - 1, &out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&run_cancel_def, text, sizeof(text) - 1, &out, &mem), REC_E_WRONG_TYPE);
	assert_int_equal(rec_unpack(&run_cancel_def, deep, sizeof(deep) - 1, &out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&run_cancel_def, nul, sizeof(nul) - 1, &out, &mem), REC_E_WRONG_TYPE);
	assert_int_equal(rec_unpack(&run_cancel_def, utf8, sizeof(utf8) - 1, &out, &mem), REC_E_WRONG_TYPE);
}

/* A field that came without a value must not be filled by a second one that a first reader never saw. */
static void a_field_is_there_once_with_or_without_a_value(void **state)
{
	static const uint8_t nil_first[] = "\x82\xa3run\xc0\xa3run\x07", nil_last[] = "\x82\xa3run\x07\xa3run\xc0",
			     nil_twice[] = "\x83\xa3run\x07\xa6reason\xc0\xa6reason\xc0",
			     only_nil[] = "\x81\xa3run\xc0", absent[] = "\x82\xa3run\x07\xa6reason\xc0",
			     unknown[] = "\x83\xa3run\x07\xa1x\x01\xa1x\x02";
	struct run_cancel out;
	void *mem = NULL;
	(void)state;

	assert_int_equal(rec_unpack(&run_cancel_def, nil_first, sizeof(nil_first) - 1, &out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&run_cancel_def, nil_last, sizeof(nil_last) - 1, &out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&run_cancel_def, nil_twice, sizeof(nil_twice) - 1, &out, &mem), REC_E_MALFORMED);
	assert_int_equal(rec_unpack(&run_cancel_def, only_nil, sizeof(only_nil) - 1, &out, &mem), REC_E_MISSING_FIELD);
	assert_int_equal(rec_unpack(&run_cancel_def, absent, sizeof(absent) - 1, &out, &mem), 0);
	assert_null(out.reason);
	free(mem);
	/* what this version does not know is skipped, not judged */
	assert_int_equal(rec_unpack(&run_cancel_def, unknown, sizeof(unknown) - 1, &out, &mem), 0);
	free(mem);
}

static void the_table_of_messages_makes_sense(void **state)
{
	(void)state;
	for (const struct msg_def *const *m = message_defs; *m; m++) {
		assert_ptr_equal(message_find((*m)->type), *m); /* types are unique */
		assert_true((*m)->to && (*m)->from);
		assert_true((*m)->rec->n_fields <= 64);
		if (*(*m)->object)
			assert_non_null(rec_field((*m)->rec, (*m)->object));
		if ((*m)->kind == MSG_COMMAND)
			assert_int_equal(__builtin_popcount((*m)->to), 1);
		if (((*m)->from & SVC_GATEWAY) && (*m)->kind == MSG_COMMAND && (*m)->action[0] == '-')
			assert_string_equal((*m)->type, "hostkey.report"); /* the only one anybody may send */
	}
}

/* A text without a ceiling is a way to fill the journal: only records inside frames may have one. */
static void every_text_of_a_message_has_a_ceiling(void **state)
{
	(void)state;
	for (const struct msg_def *const *m = message_defs; *m; m++)
		for (size_t i = 0; i < (*m)->rec->n_fields; i++) {
			const struct rec_field *f = &(*m)->rec->field[i];

			if (f->kind == REC_STR || f->kind == REC_BIN || f->kind == REC_SEAL)
				assert_true(f->max > 0 || f->choices);
			if (f->kind == REC_SEAL)
				assert_non_null(f->sealed_for);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_survives_the_wire),
		cmocka_unit_test(no_truncated_message_is_accepted),
		cmocka_unit_test(mutated_messages_are_refused_or_read_whole),
		cmocka_unit_test(five_bytes_cannot_ask_for_gigabytes),
		cmocka_unit_test(a_newer_sender_may_add_keys_and_an_older_one_may_leave_them_out),
		cmocka_unit_test(duplicate_keys_wrong_types_and_deep_nesting_are_refused),
		cmocka_unit_test(a_field_is_there_once_with_or_without_a_value),
		cmocka_unit_test(the_table_of_messages_makes_sense),
		cmocka_unit_test(every_text_of_a_message_has_a_ceiling),
	};

	memset(letters, 'a', sizeof(letters) - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
