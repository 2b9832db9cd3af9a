/* HTTP bodies: refused with a reason, or a record that passes its own limits and survives the wire. */
#include "messages.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct rec_errors errors;
	static char out[4096];

	for (const struct msg_def *const *m = message_defs; *m; m++) {
		void *mem = NULL;
		int r;

		if (!((*m)->from & SVC_GATEWAY))
			continue;
		r = rec_from_json((*m)->rec, (const char *)data, len, out, &mem, &errors);
		if (r == REC_E_MALFORMED && !errors.why[0])
			abort();
		if (r == REC_E_INVALID && !errors.n)
			abort();
		free(mem);
	}
	return 0;
}
