#include "params.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

int params_read(struct params *p, const char *dir, char why[160])
{
	json_int_t uid, timeout_s, grace_ms, output_max;
	const char *address;
	json_error_t error;
	json_t *j;
	int bad;

	*p = (struct params){ 0 };
	if (dir[0] != '/' || strlen(dir) >= sizeof(p->dir)) {
		snprintf(why, 160, "the run directory has no usable path");
		return -1;
	}
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	j = json_load_file(params_path(p, "params.json"), JSON_REJECT_DUPLICATES, &error);
	bad = !j || json_unpack_ex(j, &error, JSON_STRICT, "{s:I,s:I,s:I,s:I,s:s,s:i}", "uid", &uid,
	                           "timeout_s", &timeout_s, "grace_ms", &grace_ms, "output_max",
	                           &output_max, "address", &address, "port", &p->port);
	if (bad) {
		snprintf(why, 160, "params.json: %.120s", error.text);
	} else {
		p->uid = (uid_t)uid;
		p->timeout_s = timeout_s;
		p->grace_ms = grace_ms;
		p->output_max = output_max;
		snprintf(p->address, sizeof(p->address), "%s", address);
	}
	json_decref(j);
	return bad ? -1 : 0;
}

const char *params_path(const struct params *p, const char *name)
{
	static char at[8][320];
	static unsigned turn;
	char *path = at[turn++ % 8];

	snprintf(path, sizeof(at[0]), "%s/%s", p->dir, name);
	return path;
}

void params_host(const struct params *p, char *out, size_t room)
{
	if (p->port == 22)
		snprintf(out, room, "%s", p->address);
	else
		snprintf(out, room, "[%s]:%d", p->address, p->port);
}
