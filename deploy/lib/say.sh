# What a person sees: lines with the time, long steps with their log.
# shellcheck shell=bash

say() { printf '%(%H:%M:%S)T  %s\n' -1 "$*"; }
hint() { printf '          %s\n' "$@"; }
die() {
	printf '%(%H:%M:%S)T  %s\n' -1 "$1" >&2
	shift
	(($# == 0)) || hint "$@" >&2
	exit 1
}

# Says every half minute that a long step still runs, and its newest line.
still_at_it() {
	local log=$1 start=$SECONDS sleeper=
	trap 'kill "$sleeper" 2>/dev/null; exit' TERM # else the sleep would outlive us and hold our output open
	while :; do
		sleep 30 &
		sleeper=$!
		wait "$sleeper"
		say "  … $((SECONDS - start)) s: $(tail -n 1 -- "$log" 2>/dev/null | tr -d '\r' | cut -c1-90)"
	done
}

# step "What happens" LOGNAME "What to do when it fails" COMMAND…
step() {
	local what=$1 log=$LOGS/$2.log todo=$3 start=$SECONDS ticker status
	shift 3
	say "$what …"
	still_at_it "$log" &
	ticker=$!
	set +e # so that -e counts inside: it would not in the left side of a ||
	(set -e && "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
	kill "$ticker" 2>/dev/null || true
	wait "$ticker" 2>/dev/null || true
	if ((status == 0)); then
		((SECONDS - start < 2)) || say "  done ($((SECONDS - start)) s)"
		return 0
	fi
	say "$what: failed. The end of its log, $log:" >&2
	tail -n 20 -- "$log" | sed 's/^/          | /' >&2
	hint "" "$todo" >&2
	exit 1
}

# wait_for "What" SECONDS COMMAND…
wait_for() {
	local what=$1 end=$((SECONDS + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}
