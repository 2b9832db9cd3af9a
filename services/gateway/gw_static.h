#pragma once
/* The portal's files, served from memory: looked up by exact path, so there is nothing to traverse.
 */
#include "gw_http.h"

/* Reads dist/manifest.json and all it names. In the parent, before the sandbox. */
void gw_static_load(const char *dir);
/* Answers GET and HEAD of a file, or index.html for a page; 404 for the rest. */
void gw_static(struct gw_rq *rq);
