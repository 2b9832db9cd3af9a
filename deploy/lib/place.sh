# Where everything lives, and who runs it.
# shellcheck shell=bash disable=SC2034 # the other parts read these

readonly IS_ROOT=$((EUID == 0))

# One numeric user for each program, none of which needs an entry in /etc/passwd; one group for the sockets they share.
readonly UID_BASE=${SPS_UID_BASE:-58800}
readonly GROUP=$UID_BASE
declare -rA UID_OF=(
	[redis]=$((UID_BASE + 1)) [workflow]=$((UID_BASE + 2)) [hetzner]=$((UID_BASE + 3))
	[ansible-runner]=$((UID_BASE + 4)) [notifier]=$((UID_BASE + 5)) [gateway]=$((UID_BASE + 6))
	[mail-sink]=$((UID_BASE + 7))
)
readonly RUN_UID=$((UID_BASE + 9)) # Ansible's runs

# Paths go into connection strings, run scripts and overlay mounts, where only plain ones mean the same everywhere.
plain_path() { [[ $1 =~ ^/[A-Za-z0-9_./+-]+$ ]]; }

# The longest socket below it is "/run/pg/.s.PGSQL.5432.lock"; the kernel takes 107 bytes.
short_path() { ((${#1} <= 75)); }

# May every service's user walk down to this directory?
reachable() {
	((IS_ROOT)) || return 0
	setpriv --reuid=$((UID_BASE + 2)) --regid="$GROUP" --clear-groups test -x "$1"
}

# A directory in /var/tmp has a name that others can guess: it must be ours.
own_directory() {
	[[ -e $1 ]] || mkdir -p -- "$1"
	[[ ! -L $1 && $(stat -c %u -- "$1") == "$EUID" ]] ||
		die "$1 belongs to somebody else." "Give another directory: SPS_VAR=DIRECTORY deploy/local"
}

choose_var() {
	local want=${SPS_VAR:-$ROOT/var} why=
	[[ $want == /* ]] || want=$PWD/$want
	mkdir -p -- "$want"
	want=$(cd -- "$want" && pwd -P)
	if ! plain_path "$want"; then why="its path has characters other than letters, digits and . _ + -"
	elif ! short_path "$want"; then why="its path is too long for sockets"
	elif ! reachable "$want"; then why="the services' own users cannot reach it"
	fi
	if [[ $why ]]; then
		[[ -z ${SPS_VAR:-} ]] || die "SPS_VAR=$want cannot be used: $why." "Choose another directory, for example below /var/tmp."
		VAR=/var/tmp/sps-$(printf %s "$ROOT" | sha256sum | cut -c1-10)
		[[ $COMMAND != up ]] || say "The data goes to $VAR, not to $want: $why."
	else
		VAR=$want
	fi
	own_directory "$VAR"
	VAR_HASH=$(printf %s "$VAR" | sha256sum | cut -c1-12)
	LOGS=$VAR/log/setup
	DEMO_JSON=$ROOT/var/demo.json
	[[ -z ${SPS_VAR:-} ]] || DEMO_JSON=$VAR/demo.json
	install -d -m 0711 "$VAR" "$VAR/log"
	install -d -m 0700 "$LOGS"
	install -d -m 0711 "$ROOT/var" # demo.json lies there
	touch "$VAR/.sps-var" # reset only deletes what has this
}

# give DIRECTORY NAME MODE: makes a directory that belongs to a program's user.
give() {
	mkdir -p -- "$1"
	((!IS_ROOT)) || chown "$(user_of "$2"):$GROUP" -- "$1"
	chmod "$3" -- "$1"
}

user_of() {
	if [[ $1 == postgresql ]]; then id -u postgres; else printf '%s\n' "${UID_OF[$1]:-0}"; fi
}
