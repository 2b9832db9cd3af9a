#include "files.h"
#include "err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_CEILING (4 << 20)

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

char *file_read(const char *path)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	if (st.st_size > FILE_CEILING) {
		errno = EFBIG;
		return NULL;
	}
	text = xcalloc(1, (size_t)st.st_size + 1);
	while (n > 0 && len < (size_t)st.st_size) {
		n = read(fd, text + len, (size_t)st.st_size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n >= 0)
		return text;
	free(text);
	return NULL;
}

static int write_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len;) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? -errno : 0;
}

int file_write(const char *path, mode_t mode, const char *text)
{
	_free_ char *beside = NULL;
	int fd, r;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		abort();
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, mode) ? -errno : write_all(fd, text);
	close(fd);
	if (!r && rename(beside, path))
		r = -errno;
	if (r)
		unlink(beside);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && !strcmp(s + n - m, suffix);
}

int file_list(const char *dir, const char *suffix, struct file_list *ret)
{
	struct file_list l = { 0 };
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || !ends_with(e->d_name, suffix))
			continue;
		l.name = reallocarray(l.name, l.n + 1, sizeof(*l.name));
		if (!l.name)
			abort();
		l.name[l.n++] = xstrdup(e->d_name);
	}
	closedir(d);
	if (l.n)
		qsort(l.name, l.n, sizeof(*l.name), by_name);
	*ret = l;
	return 0;
}

void file_list_release(struct file_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	*l = (struct file_list){ 0 };
}
