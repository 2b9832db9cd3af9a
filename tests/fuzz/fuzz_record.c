/* Damaged bytes must be refused; accepted bytes must be what msgpack-c reads too, and must survive a round trip. */
#include "messages.h"

#include <msgpack.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void round_trip(const struct rec_def *d, const void *rec)
{
	static char out[4096];
	msgpack_sbuffer again;
	void *mem = NULL;

	msgpack_sbuffer_init(&again);
	rec_pack(d, rec, &again);
	if (again.size <= REC_MAX_WIRE && rec_unpack(d, again.data, again.size, out, &mem))
		abort();
	free(mem);
	msgpack_sbuffer_destroy(&again);
}

static void library_agrees(const uint8_t *data, size_t len)
{
	msgpack_unpacked u;
	size_t off = 0;

	msgpack_unpacked_init(&u);
	if (msgpack_unpack_next(&u, (const char *)data, len, &off) != MSGPACK_UNPACK_SUCCESS || off != len)
		abort();
	msgpack_unpacked_destroy(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char out[4096];

	for (const struct rec_def *const *d = record_defs; *d; d++) {
		void *mem = NULL;

		if (rec_unpack(*d, data, len, out, &mem))
			continue;
		library_agrees(data, len);
		rec_check(*d, out, NULL);
		round_trip(*d, out);
		free(mem);
	}
	return 0;
}
