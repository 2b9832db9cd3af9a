#include "delivery.h"
#include "announce.h"
#include "delivery_fsm.h"
#include "err.h"
#include "mail_text.h"
#include "pg_array.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define AT_ONCE 4
#define LOOK_MS 500
#define RELEASE_MS 2000
#define LETTER_BYTES (64 * 1024)

struct letter {
	struct delivery *delivery;
	int64_t id;
	int tries;
	bool ended;
	enum letter_event event; /* when ended: how */
	char why[300];
	LIST_ENTRY(letter) link;
};

struct delivery {
	struct service *svc;
	struct mail *mail;
	struct delivery_settings settings;
	LIST_HEAD(, letter) letters;
	int n;
};

static void letter_free(struct letter *l)
{
	LIST_REMOVE(l, link);
	l->delivery->n--;
	free(l);
}

/* ---- the end of a try ---------------------------------------------------------------------- */

static int tell_undelivered(struct cmd *c, const struct letter *l)
{
	static const struct db_query q = {
		.name = "tell_undelivered",
		.sql = "SELECT id, user_id, unread FROM notifier.tell_undelivered($1::bigint, $2)",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	int r = db_select(c->db, &q, &rows, db_i64(l->id), db_str(l->why));

	if (!r)
		announce_live(c, &rows);
	return r;
}

static int record_end(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "end_try",
		.sql = "SELECT notifier.end_try($1::bigint, $2::uuid, $3::smallint, $4, "
		       "make_interval(secs => $5::bigint / 1000.0), $6)"
		       " AS mine",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	const struct letter *l = arg;
	const struct letter_transition *t = letter_next("sending", l->event);
	long wait = letter_wait_ms(l->tries, l->delivery->settings.retry_scale);
	int r;

	r = db_select(c->db, &q, &rows, db_i64(l->id), db_str(svc_instance(c->svc)),
	              db_i64(l->tries), db_str(t->to), db_i64(wait > 0 ? wait : 0),
	              db_str(l->why[0] ? l->why : NULL));
	if (r)
		return r;
	if (!db_next(&rows) || !db_get_bool(&rows, "mine")) {
		log_warn("letter.not_ours", LOG_I64("letter", l->id),
		         LOG_STR("why", "another replica has taken it over"));
		return 0;
	}
	log_info("letter.moved", LOG_I64("letter", l->id), LOG_STR("to", t->to),
	         LOG_STR("why", t->why), LOG_I64("tries", l->tries));
	return !strcmp(t->to, "dead") ? tell_undelivered(c, l) : 0;
}

/* When it cannot be recorded now it stays in the list, and the next look tries again. */
static void end(struct letter *l, enum letter_event event, const char *why)
{
	l->ended = true;
	l->event = event;
	utf8_snprintf(l->why, sizeof(l->why), "%s", why);
	if (!svc_transaction(l->delivery->svc, record_end, l))
		letter_free(l);
}

static void on_sent(void *arg, enum mail_outcome outcome, const char *why)
{
	struct letter *l = arg;

	if (outcome == MAIL_ACCEPTED)
		end(l, LETTER_ACCEPTED, "");
	else if (outcome == MAIL_REFUSED)
		end(l, LETTER_REFUSED, why);
	else
		end(l, letter_wait_ms(l->tries, 100) < 0 ? LETTER_EXHAUSTED : LETTER_POSTPONED,
		    why);
}

/* ---- writing and sending ------------------------------------------------------------------- */

static void write_letter(const struct delivery *d, const struct db_rows *row, struct buf *out)
{
	const char *domain = strchr(d->settings.from, '@'), *link = db_get_str(row, "link");
	const char *name = db_get_str(row, "name"), *base = d->settings.public_url;
	struct buf body = { 0 };
	char message_id[320];

	snprintf(message_id, sizeof(message_id), "%s%s", db_get_str(row, "message_id"),
	         domain ? domain : "@localhost");
	buf_init(&body, LETTER_BYTES);
	buf_fmt(&body, "Hello %s,\n\n%s\n", name ? name : "", db_get_str(row, "body"));
	if (*link && *base)
		buf_fmt(&body, "\nSee it in the portal:\n%s%s\n", base, link);
	buf_str(&body,
	        "\n-- \nThe server portal wrote this by itself; nobody reads answers to it.\n");
	buf_init(out, LETTER_BYTES * 4);
	mail_text_write(out, &(struct mail_text){
				     .from = d->settings.from,
				     .from_name = "Server portal",
				     .to = db_get_str(row, "email"),
				     .to_name = name,
				     .subject = db_get_str(row, "title"),
				     .message_id = message_id,
				     .body = body.data,
				     .date = (time_t)db_get_i64(row, "created"),
			     });
	buf_release(&body);
}

static void send_row(struct delivery *d, const struct db_rows *row)
{
	struct letter *l = xcalloc(1, sizeof(*l));
	const char *email = db_get_str(row, "email");
	struct buf text;

	*l = (struct letter){ .delivery = d,
		              .id = db_get_i64(row, "id"),
		              .tries = (int)db_get_i64(row, "tries") };
	LIST_INSERT_HEAD(&d->letters, l, link);
	d->n++;
	if (!email) {
		end(l, LETTER_UNWANTED, "");
	} else if (!mail_address_ok(email)) {
		end(l, LETTER_REFUSED, "The address is not one that mail can be sent to.");
	} else {
		write_letter(d, row, &text);
		mail_send(d->mail, email, &text, on_sent, l);
	}
}

struct claim {
	struct db_rows rows;
	int64_t room;
};

static int claim(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "claim_letters",
		.sql = "SELECT id, tries, message_id, name, email, title, body, link, "
		       "extract(epoch FROM created_at)::bigint AS created"
		       " FROM notifier.claim_letters($1::uuid, $2::int)",
	};
	struct claim *claim = arg;

	db_rows_release(&claim->rows); /* of a try before this one */
	return db_select(c->db, &q, &claim->rows, db_str(svc_instance(c->svc)),
	                 db_i64(claim->room));
}

static void record_late_ends(struct delivery *d)
{
	struct letter *l = LIST_FIRST(&d->letters), *next;

	for (; l; l = next) {
		next = LIST_NEXT(l, link);
		if (l->ended && !svc_transaction(d->svc, record_end, l))
			letter_free(l);
	}
}

static void look(void *arg)
{
	struct delivery *d = arg;
	struct claim due = { .room = AT_ONCE - d->n };

	record_late_ends(d);
	if (svc_draining(d->svc) || due.room <= 0)
		return;
	if (!svc_transaction(d->svc, claim, &due))
		while (db_next(&due.rows))
			send_row(d, &due.rows);
	db_rows_release(&due.rows);
}

static void held_ids(const struct delivery *d, struct buf *out)
{
	const struct letter *l;
	char id[24];

	buf_init(out, 4096);
	LIST_FOREACH (l, &d->letters, link) {
		snprintf(id, sizeof(id), "%" PRId64, l->id);
		pg_array_raw(out, id);
	}
	pg_array_end(out);
}

static int release_abandoned(struct cmd *c, void *arg)
{
	static const struct db_query q = {
		.name = "release_abandoned",
		.sql = "SELECT notifier.release_abandoned($1::uuid, $2::bigint[]) AS n",
	};
	_cleanup_(db_rows_release) struct db_rows rows = { 0 };
	_cleanup_(buf_release) struct buf held = { 0 };
	int r;

	held_ids(arg, &held);
	r = db_select(c->db, &q, &rows, db_str(svc_instance(c->svc)), db_str(held.data));
	if (!r && db_next(&rows) && db_get_i64(&rows, "n"))
		log_info("letter.abandoned", LOG_I64("letters", db_get_i64(&rows, "n")));
	return r;
}

static void on_release(void *arg)
{
	struct delivery *d = arg;

	if (!svc_draining(d->svc))
		svc_transaction(d->svc, release_abandoned, d);
}

struct delivery *delivery_new(struct service *s, struct mail *mail,
                              const struct delivery_settings *settings)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	d->svc = s;
	d->mail = mail;
	d->settings = *settings;
	svc_timer(s, LOOK_MS, look, d);
	svc_timer(s, RELEASE_MS, on_release, d);
	return d;
}

struct delivery *delivery_free(struct delivery *d)
{
	if (d) {
		while (!LIST_EMPTY(&d->letters))
			letter_free(LIST_FIRST(&d->letters));
		free(d);
	}
	return NULL;
}

int delivery_pending(const struct delivery *d)
{
	return d ? d->n : 0;
}
