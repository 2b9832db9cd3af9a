#pragma once
/* Files as an operator's tool needs them: whole, small, and never half written. */
#include <stddef.h>
#include <sys/types.h>

/* The whole file as a NUL-terminated string; the caller frees it. NULL with errno; EFBIG above 4
 * MiB. */
char *file_read(const char *path);
/* Replaces @path in one step (written beside it, flushed, renamed). 0 or -errno. */
int file_write(const char *path, mode_t mode, const char *text);

/* The names in @dir that end in @suffix, sorted by byte. */
struct file_list {
	char **name;
	size_t n;
};
int file_list(const char *dir, const char *suffix, struct file_list *ret); /* 0 or -errno */
void file_list_release(struct file_list *l);
