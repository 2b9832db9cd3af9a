# The private Redis: passwords made once, configured at every start.
# shellcheck shell=bash

readonly REDIS_USERS=(gateway workflow hetzner ansible-runner notifier)

# One random password for each service, in a file that only its user can read.
make_redis_passwords() {
	local name file
	umask 077
	for name in "${REDIS_USERS[@]}"; do
		file=$VAR/secrets/$name.redis
		[[ -s $file ]] || { openssl rand -hex 32 >"$file.new" && mv -- "$file.new" "$file"; }
		((!IS_ROOT)) || chown "$(user_of "$name"):$GROUP" "$file"
	done
}

# Redis itself only gets the hashes.
write_redis_acl() {
	local name hash
	local -a edits=(-e '/^#/d')
	for name in "${REDIS_USERS[@]}"; do
		hash=$(tr -d '\n' <"$VAR/secrets/$name.redis" | sha256sum)
		edits+=(-e "s/@$name@/${hash%% *}/")
	done
	sed "${edits[@]}" "$ROOT/deploy/lib/redis.acl" >"$VAR/redis.acl"
	((!IS_ROOT)) || chown "$(user_of redis):$GROUP" "$VAR/redis.acl"
	chmod 0400 "$VAR/redis.acl"
}

configure_redis() {
	make_redis_passwords
	write_redis_acl
	cat >"$VAR/redis.conf" <<-END
		# Written by deploy/local. Redis forgets everything when it stops; that is meant so.
		port 0
		unixsocket $VAR/run/redis/redis.sock
		unixsocketperm 770
		aclfile $VAR/redis.acl
		save ""
		appendonly no
		maxmemory 128mb
		maxmemory-policy volatile-lru
		daemonize no
		dir /
	END
	chmod 0644 "$VAR/redis.conf"
}

# It tells everybody to sign in first: that is its answer.
redis_answers() { [[ $(redis-cli -s "$VAR/run/redis/redis.sock" ping 2>&1) == *NOAUTH* ]]; }
