#pragma once
/* The three parts of `spsctl migrate`; each says what it did or why not. */
#include "pg.h"

/* Applies DIR/NNNN_*.sql that were not applied yet, each in a transaction of its own. */
bool migrate_tables(PGconn *conn, const char *dir, size_t *ret_new);
/* Makes the functions of the SQL files of DIR/<schema> anew, all in one transaction. */
bool migrate_functions(PGconn *conn, const char *dir, size_t *ret_files);
/* Fills bus.route from the list of messages. */
bool migrate_routes(PGconn *conn, size_t *ret_routes);
