# runit, with a service directory of our own: starting, stopping, asking.
# shellcheck shell=bash

readonly SERVICE_DIR=$VAR/service
# Where an ordinary user may not have user namespaces, the emulator alone runs as root (through sudo): it makes mounts
# for the demo's servers. Then it has a supervisor of its own, which only root can talk to.
readonly ROOT_SERVICE_DIR=$VAR/service-root

dir_of() {
	if [[ -d $ROOT_SERVICE_DIR/$1 ]]; then printf '%s\n' "$ROOT_SERVICE_DIR/$1"; else printf '%s\n' "$SERVICE_DIR/$1"; fi
}

# sv_of NAME OPTION…
sv_of() {
	local dir
	dir=$(dir_of "$1")
	shift
	if ((!IS_ROOT)) && [[ $dir == "$ROOT_SERVICE_DIR"/* ]]; then sudo sv "$@" "$dir"; else sv "$@" "$dir"; fi
}

# pid_of_supervisor DIRECTORY: prints it when it is alive.
pid_of_supervisor() {
	local pid
	pid=$(cat "$VAR/run/${1##*/}.pid" 2>/dev/null) || return 1
	[[ $pid && $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) == *"runsvdir"*"$1 "* ]] && printf '%s\n' "$pid"
}

supervisor_alive() { pid_of_supervisor "$SERVICE_DIR" >/dev/null; }
supervisors_gone() { ! supervisor_alive && ! pid_of_supervisor "$ROOT_SERVICE_DIR" >/dev/null; }

# start_supervisor DIRECTORY [sudo]: with a clean environment; what the person's shell exports is none of the
# services' business. The shell in between becomes runsvdir, so the number it writes is runsvdir's.
start_supervisor() {
	local dir=$1
	shift
	# shellcheck disable=SC2016 # the inner shell expands it
	"$@" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LANG=C.UTF-8 \
		setsid bash -c 'echo $$ >"$1"; exec runsvdir -P "$2" 2>>"$3"' supervisor "$VAR/run/${dir##*/}.pid" "$dir" "$LOGS/runsvdir.log" \
		</dev/null >/dev/null 2>&1 &
	disown
	wait_for supervisor 10 pid_of_supervisor "$dir" || die "The supervisor did not start." "Look at $LOGS/runsvdir.log"
}

supervised() { sv_of "$1" status 2>/dev/null | grep -qv '^fail'; }

# Tells the supervisor to start these; await_service looks whether they do.
start_services() {
	local name
	for name; do
		wait_for "$name" 15 supervised "$name" || die "$name did not get its supervisor." "Look at $LOGS/runsvdir.log"
		sv_of "$name" up >/dev/null
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
	seconds=$(sv_of "$1" status | sed -n 's/^run: [^:]*: (pid [0-9]*) \([0-9]*\)s.*/\1/p')
	((${seconds:-0} >= 1))
}

stop_all() {
	local i name pid
	for ((i = ${#SERVICES[@]} - 1; i >= 0; i--)); do
		name=${SERVICES[i]}
		[[ -d $(dir_of "$name") ]] || continue
		! supervised "$name" || sv_of "$name" -w 60 force-stop >/dev/null || say "  $name had to be killed."
	done
	# on HUP each runsv ends its logger and itself
	! pid=$(pid_of_supervisor "$SERVICE_DIR") || kill -HUP "$pid"
	! pid=$(pid_of_supervisor "$ROOT_SERVICE_DIR") || sudo kill -HUP "$pid"
	wait_for supervisors 30 supervisors_gone || die "The supervisor did not end." "Look at: ps -ef | grep runsvdir"
	rm -f "$VAR"/run/service*.pid
}

show_status() {
	local name line
	for name in "${SERVICES[@]}"; do
		[[ -d $(dir_of "$name") ]] || continue
		line=$(sv_of "$name" status 2>/dev/null) || line="down"
		case $line in
		run:*) printf '  %-15s runs    %s\n' "$name" "$(sed -n 's/^run: [^:]*: (pid \([0-9]*\)) \([0-9]*\)s.*/process \1, for \2 s/p' <<<"$line")" ;;
		*) printf '  %-15s stopped\n' "$name" ;;
		esac
	done
}
