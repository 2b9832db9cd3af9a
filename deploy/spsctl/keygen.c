#include "ctl.h"
#include "keys.h"

#include <stdio.h>

int ctl_keygen(int argc, char **argv)
{
	char why[KEYS_WHY];

	if (argc != 1 || argv[0][0] == '-') {
		fprintf(stderr, "Usage: spsctl keygen DIR\n");
		return CTL_USAGE;
	}
	if (keys_generate(argv[0], why))
		return ctl_fail("the keys in %s are not complete. %s", argv[0], why);
	printf("The keys of all services are in %s. Give each file of %s/private to its service's "
	       "user only.\n",
	       argv[0], argv[0]);
	return CTL_DONE;
}
