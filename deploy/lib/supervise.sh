# runit, with a service directory of our own: starting, stopping, asking.
# shellcheck shell=bash

readonly SERVICE_DIR=$VAR/service
readonly SUPERVISOR_PID=$VAR/run/runsvdir.pid

supervisor_alive() {
	local pid
	pid=$(cat "$SUPERVISOR_PID" 2>/dev/null) || return 1
	[[ $pid && $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) == *"runsvdir"*"$SERVICE_DIR"* ]]
}

# A clean environment: what the person's shell exports is none of the services' business.
start_supervisor() {
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LANG=C.UTF-8 \
		setsid runsvdir -P "$SERVICE_DIR" </dev/null >"$LOGS/runsvdir.log" 2>&1 &
	echo $! >"$SUPERVISOR_PID"
	disown
}

is_up() { sv status "$SERVICE_DIR/$1" 2>/dev/null | grep -q '^run: '; }
supervised() { [[ -p $SERVICE_DIR/$1/supervise/ok ]] && sv status "$SERVICE_DIR/$1" | grep -qv '^fail'; }

# Tells the supervisor to start these; await_service looks whether they do.
start_services() {
	local name
	for name; do
		wait_for "$name" 15 supervised "$name" || die "$name did not get its supervisor." "Look at $LOGS/runsvdir.log"
		sv up "$SERVICE_DIR/$name" >/dev/null
	done
}

# await_service NAME SECONDS [COMMAND that succeeds when it answers]
await_service() {
	local name=$1 seconds=$2 start=$SECONDS
	shift 2
	if wait_for "$name" "$seconds" is_steady "$name" && { (($# == 0)) || wait_for "$name" "$seconds" "$@"; }; then
		say "  $name runs$( ((SECONDS - start < 3)) || printf ' (after %d s)' $((SECONDS - start)))"
		return 0
	fi
	say "$name does not answer. The end of its log, $VAR/log/$name/current:" >&2
	tail -n 20 "$VAR/log/$name/current" | sed 's/^/          | /' >&2
	hint "" "The rest keeps running. After mending the cause, start deploy/local again." >&2
	exit 1
}

# Up for a second or more: a program that ends at once is started again and again by its supervisor.
is_steady() {
	local seconds
	seconds=$(sv status "$SERVICE_DIR/$1" | sed -n 's/^run: [^:]*: (pid [0-9]*) \([0-9]*\)s.*/\1/p')
	((${seconds:-0} >= 1))
}

stop_all() {
	local i name
	supervisor_alive || return 0
	for ((i = ${#SERVICES[@]} - 1; i >= 0; i--)); do
		name=${SERVICES[i]}
		[[ -d $SERVICE_DIR/$name ]] || continue
		sv -w 60 force-stop "$SERVICE_DIR/$name" >/dev/null || say "  $name had to be killed."
	done
	kill -HUP "$(cat "$SUPERVISOR_PID")" # each runsv ends its logger and itself
	wait_for supervisor 30 supervisor_gone || die "The supervisor did not end." "Look at: ps -fp $(cat "$SUPERVISOR_PID")"
	rm -f "$SUPERVISOR_PID"
}

supervisor_gone() { ! supervisor_alive; }

show_status() {
	local name line
	for name in "${SERVICES[@]}"; do
		[[ -d $SERVICE_DIR/$name ]] || continue
		line=$(sv status "$SERVICE_DIR/$name" 2>/dev/null) || line="down"
		case $line in
		run:*) printf '  %-15s runs    %s\n' "$name" "$(sed -n 's/^run: [^:]*: (pid \([0-9]*\)) \([0-9]*\)s.*/process \1, for \2 s/p' <<<"$line")" ;;
		*) printf '  %-15s stopped\n' "$name" ;;
		esac
	done
}
