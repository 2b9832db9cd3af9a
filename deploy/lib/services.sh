# The programs that make up the portal: how each is started. One function, run_NAME, prints the commands of its run script.
# shellcheck shell=bash

# In the order in which they start; they stop in the opposite one.
# shellcheck disable=SC2034 # read by supervise.sh
readonly SERVICES=(postgresql redis emulator mail-sink workflow hetzner ansible-runner notifier gateway)

# Prints a command with each word quoted for the shell.
quoted() { printf ' %q' "$@"; }

# Ansible needs semaphores in /dev/shm. A chroot often has only the bare directory: root then gives the runner a private
# one; for an ordinary user it can only be said.
shm_works() {
	if ((IS_ROOT)); then
		setpriv --reuid="$RUN_UID" --regid="$RUN_UID" --clear-groups test -w /dev/shm
	else
		[[ -w /dev/shm ]]
	fi
}

readonly PRIVATE_SHM='mount --make-rprivate /dev 2>/dev/null; mount -t tmpfs -o mode=1777,size=64m shm /dev/shm && exec "$@"'

# Prints "exec …" under the program's own user, with nothing it does not need.
exec_as() {
	local name=$1
	shift
	printf 'exec'
	if ((IS_ROOT)); then
		case $name in
		postgresql) quoted setpriv --reuid=postgres --regid=postgres --groups="$GROUP" --no-new-privs --inh-caps=-all ;;
		emulator) ;; # makes namespaces and mounts: stays root
		ansible-runner) # changes to the user of its runs, and ends them
			shm_works || quoted unshare --mount --propagation unchanged bash -c "$PRIVATE_SHM" shm
			quoted setpriv --reuid="${UID_OF[$name]}" --regid="$GROUP" --clear-groups \
				--inh-caps=-all,+setuid,+setgid,+kill,+chown --ambient-caps=-all,+setuid,+setgid,+kill,+chown ;;
		*) quoted setpriv --reuid="${UID_OF[$name]}" --regid="$GROUP" --clear-groups --no-new-privs --inh-caps=-all ;;
		esac
	fi
	quoted "$@"
	printf '\n'
}

# Prints "export NAME=VALUE" for each argument of that form. No secret is ever among them: those are in files.
exports() {
	local pair
	for pair; do printf 'export %s=%q\n' "${pair%%=*}" "${pair#*=}"; done
}

# What every service of ours is told.
common_settings() {
	exports "SPS_DB=host=$VAR/run/pg dbname=sps user=$2 passfile=$VAR/secrets/$1.pgpass" \
		"SPS_REDIS=$VAR/run/redis/redis.sock" "SPS_REDIS_USER=$1" "SPS_REDIS_PASSWORD_FILE=$VAR/secrets/$1.redis" \
		"SPS_KEYS=$VAR/keys" "SPS_BIND=tcp://127.0.0.1:*" "SPS_PUBLIC_URL=$PUBLIC_URL" \
		"SPS_LOG_LEVEL=${SPS_LOG_LEVEL:-info}"
}

run_postgresql() { exec_as postgresql "$(pg_bin)/postgres" -D "$VAR/pg"; }
run_redis() { echo 'umask 007' && exec_as redis "$VAR/app/bin/redis-server" "$VAR/redis.conf"; }

# Its network is its own for good: servers keep their addresses, so another emulator (a test's, another checkout's) must
# not take it while this one is down.
run_emulator() {
	local net=198.18.$((200 + 16#${VAR_HASH:0:6} % 50))
	exec_as emulator node "$ROOT/tests/emulator/emulator.mjs" --listen "127.0.0.1:$EMULATOR_PORT" \
		--admin "127.0.0.1:$EMULATOR_ADMIN_PORT" --tokens "$VAR/emulator/tokens.json" --state "$VAR/emulator/state.json" \
		--var "$VAR/emulator" --base-root "${SPS_BASE_ROOT:-$VAR/emulator/base}" --boot "${SPS_EMU_BOOT:-auto}" --tag "l${VAR_HASH:0:6}" --net "$net" --ssh-port 2222 --scale "${SPS_EMU_SCALE:-0.3}"
}

run_mail-sink() { exec_as mail-sink node "$VAR/app/demo/mail-sink.mjs" --dir "$VAR/mail" --listen "127.0.0.1:$MAIL_PORT"; }

run_workflow() {
	common_settings workflow sps_workflow
	exec_as workflow "$VAR/app/bin/sps-workflow"
}

run_hetzner() {
	common_settings hetzner sps_hetzner
	((DEMO)) && exports "SPS_HETZNER_ENDPOINT=http://127.0.0.1:$EMULATOR_PORT/v1" "SPS_POLL_MS=500"
	((DEMO)) || [[ -z ${SPS_HETZNER_ENDPOINT:-} ]] || exports "SPS_HETZNER_ENDPOINT=$SPS_HETZNER_ENDPOINT"
	exec_as hetzner "$VAR/app/bin/sps-hetzner"
}

# The user of Ansible's runs. ssh wants a name for it: the runner shows one inside a user namespace, and where there are
# none (in a chroot, in many containers) it has to be a user that has a name already.
run_uid() {
	if setpriv --reuid="$RUN_UID" --regid="$RUN_UID" --clear-groups unshare --user true 2>/dev/null; then
		printf '%s\n' "$RUN_UID"
	else
		id -u nobody
	fi
}

run_ansible-runner() {
	((IS_ROOT)) || shm_works ||
		say "  /dev/shm cannot be written, so Ansible will not run. As root: mount -t tmpfs -o mode=1777 shm /dev/shm" >&2
	common_settings ansible-runner sps_runner
	exports "SPS_RUN_DIR=$VAR/runs" "SPS_PLAYBOOKS=$VAR/app/playbooks" "SPS_SSH_PORT=$SSH_PORT"
	((!IS_ROOT)) || exports "SPS_RUN_UID=$(run_uid)"
	exec_as ansible-runner "$VAR/app/bin/sps-ansible-runner"
}

run_notifier() {
	common_settings notifier sps_notifier
	if ((DEMO)); then
		exports "SPS_SMTP_URL=smtp://127.0.0.1:$MAIL_PORT" "SPS_MAIL_FROM=portal@example.org"
	else
		exports "SPS_SMTP_URL=${SPS_SMTP_URL:-}" "SPS_MAIL_FROM=${SPS_MAIL_FROM:-}" "SPS_SMTP_USER=${SPS_SMTP_USER:-}" \
			"SPS_SMTP_PASSWORD_FILE=${SPS_SMTP_PASSWORD_FILE:-}"
	fi
	exec_as notifier "$VAR/app/bin/sps-notifier"
}

run_gateway() {
	common_settings gateway sps_gateway
	exports "SPS_LISTEN=127.0.0.1:$PORT" "SPS_PROXY=${SPS_PROXY:-}" "SPS_WEB=$VAR/app/web" "SPS_RUNTIME=$VAR/run/gateway"
	exec_as gateway "$VAR/app/bin/sps-gateway"
}

# PostgreSQL waits for its clients on SIGTERM; SIGINT rolls them back and ends.
write_fast_stop() {
	# shellcheck disable=SC2016 # it is the script that reads the file
	printf '#!/bin/sh\nexec kill -INT "$(cat supervise/pid)"\n' >"$1"
	chmod 0755 "$1"
}

# Writes service/NAME/run and its logger; runit starts them when told (the file "down").
write_service() {
	local name=$1 dir user
	dir=$(dir_of "$name")
	user=$(user_of "$name")
	mkdir -p "$dir/log" "$dir/control"
	give "$VAR/log/$name" "$name" 0700
	{
		printf '#!/bin/bash\n# Written by deploy/local.\nexec 2>&1 </dev/null\ncd /\numask 077\n'
		"run_$name"
	} >"$dir/run.new"
	{
		printf '#!/bin/bash\n# Written by deploy/local: ten files of a megabyte.\ncd /\nexec'
		((!IS_ROOT)) || quoted setpriv --reuid="$user" --regid="$GROUP" --clear-groups --no-new-privs
		quoted svlogd -tt "$VAR/log/$name"
		printf '\n'
	} >"$dir/log/run.new"
	printf 's1000000\nn10\n' >"$VAR/log/$name/config"
	chmod 0644 "$VAR/log/$name/config"
	chmod 0755 "$dir"/{,log/}run.new
	mv "$dir/run.new" "$dir/run"
	mv "$dir/log/run.new" "$dir/log/run"
	touch "$dir/down"
	[[ $name != postgresql ]] || write_fast_stop "$dir/control/t"
}
