#pragma once
/*
 * Records
 *
 * A record is a plain struct plus a table that describes it. Both come from
 * one field list, so they cannot drift apart. Bus messages, HTTP bodies and
 * the OpenAPI document are all walks over that table; nobody writes msgpack or
 * JSON field by field.
 *
 *     #define RUN_CANCEL(F, m)                                              \
 *             F(m, I64, run, REC_REQUIRED | REC_PATH, ID, "the run to stop")\
 *             F(m, STR, reason, 0, LEN(0, 1000), "why, in the person's words")
 *     REC_DECLARE(run_cancel, RUN_CANCEL)   in a header: struct run_cancel, run_cancel_def
 *     REC_DEFINE(run_cancel, "run.cancel", RUN_CANCEL)   in one .c file
 *
 * The limits column is one or more of LEN, RANGE, ID, CHOICE, FORMAT, SEALED_FOR.
 *
 * On the wire a record is one msgpack map from field name to value. Unknown
 * keys are skipped and absent optional fields read as NULL, 0 or false, so that
 * version N understands N-1 and N+1. Writing uses msgpack-c. Reading does not:
 * its object tree allocates whatever size the sender declares; ours is bounded
 * by the bytes that arrived.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rec_kind {
	REC_STR,  /* const char *: UTF-8, no NUL inside */
	REC_I64,  /* int64_t */
	REC_BOOL, /* bool */
	REC_BIN,  /* struct rec_bin: bytes; never accepted from a JSON body */
	REC_SEAL, /* struct rec_bin: a string in a JSON body, sealed bytes on the wire */
};

enum rec_flag {
	REC_REQUIRED = 1 << 0,
	REC_SECRET = 1 << 1, /* never logged, never answered */
	REC_PATH = 1 << 2,   /* comes from the URL; a JSON body that names it is refused */
	REC_INNER = 1 << 3,  /* set by a service; a JSON body that names it is refused */
};

enum rec_format {
	REC_ANY = 0,
	REC_HOSTNAME, /* one RFC 1123 label: ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ */
	REC_NAME,     /* catalogue names: ^[a-z0-9][a-z0-9._-]*$ */
	REC_UUID,     /* 36 characters, lower case */
	REC_LINE,     /* text of one line: no control characters */
	REC_TEXT,     /* text with line breaks: no other control characters */
	REC_HEX,      /* lower case hexadecimal */
};

/* Conditions; negative values are -errno. */
enum { REC_E_MALFORMED = 1, REC_E_MISSING_FIELD, REC_E_WRONG_TYPE, REC_E_INVALID };

struct rec_bin {
	const uint8_t *data;
	size_t len;
};

struct rec_field {
	const char *name;
	const char *doc;
	size_t offset;
	enum rec_kind kind;
	unsigned flags;
	int64_t min, max; /* STR: characters; BIN, SEAL: bytes; I64: value. Both 0: no limit */
	enum rec_format format;
	const char *choices;    /* STR: the allowed words, separated by spaces */
	const char *sealed_for; /* SEAL: the service that may open it */
};

struct rec_def {
	const char *name;
	size_t size;
	const struct rec_field *field;
	size_t n_fields; /* at most 64 */
};

/* The largest record on the wire; the inbox refuses larger bodies too. */
#define REC_MAX_WIRE (256 * 1024)

/* One thing that is wrong with one field, fit to be shown to a person. */
struct rec_error {
	char field[48];
	char code[24]; /* required, unknown, wrong_type, too_short, too_long, too_small, too_big, not_allowed, bad_format */
	char detail[160];
};

#define REC_MAX_ERRORS 16
struct rec_errors {
	size_t n;
	struct rec_error at[REC_MAX_ERRORS];
	char why[160]; /* set when the body as a whole cannot be read */
};

struct msgpack_sbuffer;

/* Appends @rec to @out. Limits are not checked here. Aborts when out of memory. */
void rec_pack(const struct rec_def *def, const void *rec, struct msgpack_sbuffer *out);

/*
 * Decodes exactly @len bytes into @ret_rec, a struct of def->size bytes.
 * Strings are NUL-terminated and point into *@ret_mem, which the caller frees
 * with free() or rec_forget(); on failure there is nothing to free, and what was
 * read is zeroed. Allocates len + n_fields + 1 bytes, whatever the message
 * claims. Refuses a field of the record that is there twice (also when a value is
 * nil), trailing bytes, bad UTF-8 and NUL in the strings of fields, and nesting
 * deeper than 8. Of keys it does not know it checks only that they can be skipped.
 * 0, REC_E_MALFORMED, REC_E_MISSING_FIELD or REC_E_WRONG_TYPE.
 */
int rec_unpack(const struct rec_def *def, const void *data, size_t len, void *ret_rec,
               void **ret_mem);

/* Zeroes and frees the memory of a record that was read from @len bytes: a secret may be in it. */
void rec_forget(const struct rec_def *def, void *mem, size_t len);
/* How many bytes of memory rec_unpack() and rec_from_json() need at most. */
size_t rec_room(const struct rec_def *def, size_t len);

/*
 * Checks limits, choices and formats, and that required fields are there.
 * Adds one line per wrong field to @errors (which may be NULL).
 * 0 or REC_E_INVALID.
 */
int rec_check(const struct rec_def *def, const void *rec, struct rec_errors *errors);

/*
 * Reads an HTTP body, a JSON object of at most REC_MAX_WIRE bytes and 16
 * levels, into @ret_rec, and checks it with rec_check(). Fields flagged
 * REC_PATH or REC_INNER must not be in it (their absence is no error here).
 * 0; REC_E_MALFORMED: not readable as JSON, errors->why says why (HTTP 400);
 * REC_E_INVALID: errors->at[] names each field (HTTP 422).
 * *@ret_mem as in rec_unpack().
 */
int rec_from_json(const struct rec_def *def, const char *json, size_t len, void *ret_rec,
                  void **ret_mem, struct rec_errors *errors);

/* The field called @name, or NULL. */
const struct rec_field *rec_field(const struct rec_def *def, const char *name);
int64_t rec_get_i64(const struct rec_field *f, const void *rec);
void rec_set_i64(const struct rec_field *f, void *rec, int64_t value);
void rec_set_str(const struct rec_field *f, void *rec, const char *value);

/* One UTF-8 string: valid, without NUL, without surrogates and overlong forms? */
bool rec_utf8_valid(const void *data, size_t len);

/* clang-format off */
#define LEN(lo, hi)      .min = (lo), .max = (hi),
#define RANGE(lo, hi)    .min = (lo), .max = (hi),
#define ID               .min = 1, .max = INT64_MAX,
#define CHOICE(words)    .choices = words,
#define FORMAT(f)        .format = REC_##f,
#define SEALED_FOR(svc)  .sealed_for = svc,
#define REC_CTYPE_STR    const char *
#define REC_CTYPE_I64    int64_t
#define REC_CTYPE_BOOL   bool
#define REC_CTYPE_BIN    struct rec_bin
#define REC_CTYPE_SEAL   struct rec_bin
/* clang-format on */
#define REC_MEMBER(s, k, n, fl, limits, d) REC_CTYPE_##k n;
#define REC_ENTRY(s, k, n, fl, limits, d) \
	{ .name = #n, .doc = d, .offset = offsetof(struct s, n), .kind = REC_##k, .flags = (fl), limits },

#define REC_DECLARE(s, FIELDS)        \
	struct s {                    \
		FIELDS(REC_MEMBER, s) \
	};                            \
	extern const struct rec_def s##_def;
#define REC_DEFINE(s, wire, FIELDS)                                          \
	static const struct rec_field s##_field[] = { FIELDS(REC_ENTRY, s) }; \
	const struct rec_def s##_def = { wire, sizeof(struct s), s##_field,  \
		                         sizeof(s##_field) / sizeof(s##_field[0]) };
