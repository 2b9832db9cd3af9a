# The private PostgreSQL: made once, configured at every start.
# shellcheck shell=bash

pg_bin() {
	local -a found=(/usr/lib/postgresql/*/bin/initdb)
	printf '%s\n' "${found[-1]%/initdb}"
}

# The operator's connection, by the socket's owner check (peer), for root and for PostgreSQL's own user.
operator() {
	SPS_DB="host=$VAR/run/pg dbname=${DATABASE:-sps} user=postgres" "$@"
}

as_postgres() {
	if ((IS_ROOT)); then setpriv --reuid=postgres --regid=postgres --groups="$GROUP" "$@"; else "$@"; fi
}

init_database() {
	[[ -e $VAR/pg/PG_VERSION ]] || {
		give "$VAR/pg" postgresql 0700
		(cd / && as_postgres "$(pg_bin)/initdb" -D "$VAR/pg" -U postgres -E UTF8 --locale=C.UTF-8 \
			--auth-local=peer --auth-host=reject --no-instructions)
	}
	configure_database
}

configure_database() {
	local me
	me=$(id -un "$(user_of postgresql)")
	((IS_ROOT)) || me=$(id -un)
	cat >"$VAR/pg/sps.conf" <<-END
		# Written by deploy/local at every start.
		listen_addresses = ''
		unix_socket_directories = '$VAR/run/pg'
		unix_socket_permissions = 0770
		unix_socket_group = '$( ((!IS_ROOT)) || printf %s "$GROUP")'
		password_encryption = 'scram-sha-256'
		max_connections = 100
		timezone = 'UTC'
		log_timezone = 'UTC'
		log_line_prefix = '%p %q%u '
	END
	grep -q sps.conf "$VAR/pg/postgresql.conf" || echo "include 'sps.conf'" >>"$VAR/pg/postgresql.conf"
	cat >"$VAR/pg/pg_hba.conf" <<-END
		# Written by deploy/local at every start: the operator by who he is, each service by its role's password.
		local all postgres peer map=operator
		local sps sps_gateway,sps_workflow,sps_hetzner,sps_runner,sps_notifier scram-sha-256
	END
	printf 'operator %s postgres\n' root "$me" >"$VAR/pg/pg_ident.conf"
	((!IS_ROOT)) || chown postgres: "$VAR/pg"/{sps.conf,pg_hba.conf,pg_ident.conf,postgresql.conf}
}

database_answers() { "$(pg_bin)/pg_isready" -q -h "$VAR/run/pg" -d postgres -U postgres; }

# Keys, roles' passwords: each file for one user only.
give_secrets() {
	local service
	((IS_ROOT)) || return 0
	chmod 0711 "$VAR/keys/private" "$VAR/secrets"
	for service in workflow hetzner ansible-runner notifier gateway; do
		chown "$(user_of "$service"):$GROUP" "$VAR/keys/private/$service.key" "$VAR/secrets/$service.pgpass"
	done
}

make_database() {
	local psql
	psql=$(pg_bin)/psql
	[[ $("$psql" -XAtq -h "$VAR/run/pg" -U postgres -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = 'sps'") == 1 ]] ||
		"$psql" -Xq -h "$VAR/run/pg" -U postgres -d postgres -c 'CREATE DATABASE sps'
	umask 077
	"$VAR/app/bin/spsctl" keygen "$VAR/keys"
	operator "$VAR/app/bin/spsctl" migrate --sql "$ROOT/deploy/sql"
	operator "$VAR/app/bin/spsctl" role-passwords "$VAR/secrets"
	chmod 0755 "$VAR/keys" "$VAR/keys/public"
	chmod 0644 "$VAR/keys/public"/*
	give_secrets
}
