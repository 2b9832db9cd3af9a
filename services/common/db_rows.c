#include "db.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

bool db_next(struct db_rows *rows)
{
	return rows->res && ++rows->row < rows->n;
}

void db_rows_release(struct db_rows *rows)
{
	PQclear(rows->res);
	*rows = (struct db_rows){ 0 };
}

static int column(const struct db_rows *rows, const char *name)
{
	int c = PQfnumber(rows->res, name);

	if (c < 0 || rows->row < 0 || rows->row >= rows->n) {
		log_error("db.column", LOG_STR("name", name), LOG_I64("row", rows->row));
		abort();
	}
	return c;
}

bool db_is_null(const struct db_rows *rows, const char *name)
{
	return PQgetisnull(rows->res, rows->row, column(rows, name));
}

const char *db_get_str(const struct db_rows *rows, const char *name)
{
	int c = column(rows, name);

	return PQgetisnull(rows->res, rows->row, c) ? NULL : PQgetvalue(rows->res, rows->row, c);
}

int64_t db_get_i64(const struct db_rows *rows, const char *name)
{
	const char *v = db_get_str(rows, name);

	return v ? strtoll(v, NULL, 10) : 0;
}

bool db_get_bool(const struct db_rows *rows, const char *name)
{
	const char *v = db_get_str(rows, name);

	return v && v[0] == 't';
}

void db_get_bytes(const struct db_rows *rows, const char *name, uint8_t **ret, size_t *ret_len)
{
	const char *v = db_get_str(rows, name);
	unsigned char *plain;

	*ret = NULL;
	*ret_len = 0;
	if (!v)
		return;
	plain = PQunescapeBytea((const unsigned char *)v, ret_len);
	if (!plain)
		abort();
	*ret = malloc(*ret_len + 1);
	if (!*ret)
		abort();
	memcpy(*ret, plain, *ret_len);
	PQfreemem(plain);
}
