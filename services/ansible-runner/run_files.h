#pragma once
/* The files a run is given; run_dir.c says where they lie. */
#include "run_dir.h"

/* Into the descriptors of the run's directory, of in/ and of in/plugins/. 0, or -1 with the reason
 * in @why. */
int run_files_write(const struct run_dir_settings *s, const struct run *run, const char *host_key,
                    int dir, int in, int plugins, char why[200]);
