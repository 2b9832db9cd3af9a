# Ports, tokens and people of the demo.
# shellcheck shell=bash disable=SC2034 # services.sh reads the ports

port_taken() { [[ -n $(ss -Htln "sport = :$1") ]]; }

# free_port WANTED: the wanted one or the next that nobody listens on.
free_port() {
	local port=$1
	while port_taken "$port" || [[ " ${chosen[*]} " == *" $port "* ]]; do
		((++port < $1 + 200)) || die "No free port from $1 on." "Choose one: SPS_PORT=NUMBER deploy/local"
	done
	chosen+=("$port")
	FREE_PORT=$port
}

choose_ports() {
	local want=${SPS_PORT:-8080}
	local -a chosen=()
	[[ $want =~ ^[1-9][0-9]{0,4}$ && $want -lt 65000 ]] || die "SPS_PORT=$want is not a port number."
	free_port "$want" && PORT=$FREE_PORT
	free_port 8780 && EMULATOR_PORT=$FREE_PORT
	free_port "$((EMULATOR_PORT + 1))" && EMULATOR_ADMIN_PORT=$FREE_PORT
	free_port 2525 && MAIL_PORT=$FREE_PORT
	((PORT == want)) || say "Port $want is taken; the portal listens on $PORT."
	URL=http://127.0.0.1:$PORT
	PUBLIC_URL=${SPS_PUBLIC_URL:-$URL}
}

# One token, made here and known to nobody else.
make_emulator_token() {
	local dir=$VAR/emulator token
	install -d -m 0700 "$dir"
	[[ -e $dir/tokens.json ]] || (
		umask 077
		token=$(openssl rand -hex 32)
		printf '%s\n' "$token" >"$dir/token"
		printf '{"projects":[{"name":"demo","tokens":[{"token":"%s","access":"rw"}]}]}\n' "$token" >"$dir/tokens.json"
	)
}

# May this user have a user namespace with a range of users of its own? Then servers boot without root.
user_namespaces() { unshare --user --map-root-user --map-auto -- true 2>/dev/null; }

# Whether an ordinary user's emulator gets root, because servers cannot boot otherwise.
want_root_emulator() {
	((!IS_ROOT)) && [[ ${SPS_EMU_BOOT:-auto} != none ]] && ! user_namespaces && command -v sudo >/dev/null || return 1
	say "Without user namespaces the demo's servers boot only with root; sudo may ask for your password for the emulator."
	hint "(Without: SPS_EMU_BOOT=none deploy/local)"
	sudo -v
}

emulator_answers() { curl -fsS -m 2 "http://127.0.0.1:$EMULATOR_ADMIN_PORT/health"; }
mail_answers() { port_taken "$MAIL_PORT"; }
gateway_answers() { curl -fsS -m 2 "$URL/readyz"; }

# Where the demo's servers listen for SSH depends on how the emulator could start them.
choose_ssh_port() {
	local mode
	mode=$(emulator_answers | sed -n 's/.*"mode": *"\([a-z]*\)".*/\1/p')
	case $mode in
	netns) SSH_PORT=22 ;;
	loopback)
		SSH_PORT=2222
		say "  The demo's servers share this machine's network: addresses of loopback, port 2222."
		;;
	*)
		SSH_PORT=2222
		say "  The demo's servers do not boot here: requests come as far as the SSH step and fail there."
		;;
	esac
}

make_demo() {
	operator "$VAR/app/bin/spsctl" demo --url "$URL" --endpoint "http://127.0.0.1:$EMULATOR_PORT/v1" \
		--token-file "$VAR/emulator/token" --keys "$VAR/keys" --out "$DEMO_JSON"
	[[ -z ${SUDO_UID:-} ]] || chown "$SUDO_UID" "$DEMO_JSON" # sudo deploy/local: for the person, not for root
}
