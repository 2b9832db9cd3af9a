#include "ctl.h"
#include "keys.h"

#include <stdio.h>
#include <string.h>

int ctl_keygen(int argc, char **argv)
{
	int r;

	if (argc != 1 || argv[0][0] == '-') {
		fprintf(stderr, "Usage: spsctl keygen DIR\n");
		return CTL_USAGE;
	}
	r = keys_generate(argv[0]);
	if (r)
		return ctl_fail("the keys could not be written to %s: %s", argv[0], strerror(-r));
	printf("The keys of all services are in %s. Give each file of %s/private to its service's "
	       "user only.\n",
	       argv[0], argv[0]);
	return CTL_DONE;
}
