#pragma once
/*
 * Lists that come page by page
 *
 * A server may never say that a page was the last one. A list is read to its
 * end, or it is no list: it ends with an error when the next page is not the
 * next one, after PAGES_MAX pages, and when a page repeats an earlier one.
 */
#include "answer.h"

#define PAGES_MAX 10000

struct pages {
	int64_t page; /* to ask for */
	int64_t mark; /* the first id of page 1, 2, 4, 8 …: of the latest of them */
};

void pages_start(struct pages *p);
/*
 * After a page that its reader understood: @next is what the reader found. On
 * to that page, and p->page is 0 after the last one; or ANSWER_E_BAD.
 */
int pages_turn(struct pages *p, const json_t *root, int64_t next);
