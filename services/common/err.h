#pragma once
/*
 * Return codes
 *
 * A function that can fail returns int. 0 is success. A positive code names a
 * condition of that one function (DB_E_NOT_FOUND) which its caller must handle.
 * A negative code is -errno, is nobody's business to interpret, and travels up
 * unchanged; every frame it passes adds a line to the log:
 *
 *     error trace="Connection refused" at="db_open services/common/db.c:52"
 */
#include <stddef.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Raises a new failure; a positive code becomes -ENOTRECOVERABLE. Returns it. */
#define err_origin(r) err_origin_((r), __func__, __FILE__, __LINE__)
/* Forwards a callee's code unchanged: both functions share their conditions. */
#define err_trace(r) err_trace_((r), __func__, __FILE__, __LINE__)
/* Forwards a callee's failure; a condition nobody handled becomes one. */
#define err_fold(r) err_fold_((r), __func__, __FILE__, __LINE__)

int err_origin_(int r, const char *func, const char *file, int line);
int err_trace_(int r, const char *func, const char *file, int line);
int err_fold_(int r, const char *func, const char *file, int line);

/* malloc, calloc, strdup that abort when memory is out: nothing here survives that. */
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void cleanup_free(void *p); /* for _cleanup_: frees *(void **)p */
#define _free_ _cleanup_(cleanup_free)
