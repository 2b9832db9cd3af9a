# What a person sets for deploy/local. Set once, it stays set: the next start, without it in the environment, must not
# put a demo where a portal with real servers was. An empty value takes a setting away.
# shellcheck shell=bash

readonly KEPT_SETTINGS=(SPS_PORT SPS_DEMO SPS_PUBLIC_URL SPS_PROXY SPS_HETZNER_ENDPOINT
	SPS_SMTP_URL SPS_MAIL_FROM SPS_SMTP_USER SPS_SMTP_PASSWORD_FILE)
readonly SETTINGS=$VAR/settings

# Lines NAME=VALUE of what is set now.
present_settings() {
	local name
	for name in "${KEPT_SETTINGS[@]}"; do [[ -z ${!name:-} ]] || printf '%s=%s\n' "$name" "${!name}"; done
}

# Gives the kept value to every setting that the environment does not name.
read_settings() {
	local name value
	[[ -e $SETTINGS ]] || return 0
	while IFS='=' read -r name value; do
		[[ " ${KEPT_SETTINGS[*]} " != *" $name "* || -v $name ]] || printf -v "$name" %s "$value"
	done <"$SETTINGS"
}

keep_settings() {
	(umask 077 && present_settings >"$SETTINGS.new")
	mv -- "$SETTINGS.new" "$SETTINGS"
}

settings_differ() { [[ $(present_settings) != "$(cat "$SETTINGS" 2>/dev/null)" ]]; }

# Does this URL name this machine itself?
on_loopback() {
	local host=${1#*://}
	host=${host%%/*}
	[[ $host =~ ^(localhost|[^:]*\.localhost|127\.[0-9.]+|0\.0\.0\.0|\[::1?\])(:[0-9]+)?$ ]]
}

# Writes SPS_PUBLIC_URL as browsers name it in Origin: small letters, no default port, nothing after the host.
tidy_public_url() {
	local url=${SPS_PUBLIC_URL:-}
	url=${url,,}
	[[ -n $url ]] || return 0
	[[ $url =~ ^https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?/?$ ]] ||
		die "SPS_PUBLIC_URL=$SPS_PUBLIC_URL is not an address like https://portal.example.org."
	url=${url%/}
	[[ $url != https:* ]] || url=${url%:443}
	[[ $url != http:* ]] || url=${url%:80}
	SPS_PUBLIC_URL=$url
}

# Says what is missing before anything is started or stopped.
check_settings() {
	tidy_public_url
	[[ -z ${SPS_PROXY:-} || $SPS_PROXY =~ ^[0-9A-Fa-f.:]+$ ]] ||
		die "SPS_PROXY=$SPS_PROXY is not the address of a proxy, like 127.0.0.1."
	((!DEMO)) && ! on_loopback "${SPS_HETZNER_ENDPOINT:-}" || return 0
	[[ -n ${SPS_PUBLIC_URL:-} ]] && ! on_loopback "$SPS_PUBLIC_URL" ||
		die "The servers that the real cloud makes report to the portal, so it needs an address they can reach." \
			"Set it: SPS_DEMO=0 SPS_PUBLIC_URL=https://portal.example.org deploy/local" \
			"Behind it a TLS proxy on this machine passes everything on to the portal's port; see the README."
}
