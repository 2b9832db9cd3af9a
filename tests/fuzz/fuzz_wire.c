/* Frames from a peer: whatever arrives, nothing is read past its end and ids are ids. */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wire w;

	if (len < 2 || wire_read(&w, data, 2, data + 2, len - 2))
		return 0;
	for (size_t i = 0; i < w.n_ids; i++)
		if (strlen(w.ids[i]) != 36)
			abort();
	wire_forget(&w);
	return 0;
}
