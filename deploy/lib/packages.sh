# Debian packages: what is missing, and how it is installed.
# shellcheck shell=bash

# Prints the packages of the given tables that are neither installed nor made needless by a command that is there.
missing_packages() {
	local package command
	while read -r package command _; do
		[[ $package && $package != \#* ]] || continue
		[[ $command == - ]] || ! command -v "$command" >/dev/null || continue
		[[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || printf '%s\n' "$package"
	done < <(cat -- "$@")
}

# Was an installation killed before it could put back what it had changed? (apt-install says how.)
cut_off() { grep -qsF 'Made by deploy/lib/apt-install' /usr/sbin/policy-rc.d; }

# ensure_packages TABLE…
ensure_packages() {
	local -a missing sudo=()
	mapfile -t missing < <(missing_packages "$@")
	if ((${#missing[@]} == 0)) && cut_off; then
		say "An earlier installation was cut off, so packages cannot start services on this machine."
		if ((IS_ROOT)); then "$ROOT/deploy/lib/apt-install"; else hint "Mend it: sudo $ROOT/deploy/lib/apt-install"; fi
	fi
	if ((${#missing[@]})); then
		if ((!IS_ROOT)); then
			command -v sudo >/dev/null || die "These packages are missing: ${missing[*]}" \
				"As root: apt-get install --no-install-recommends ${missing[*]}"
			say "Installing packages needs root; sudo may ask for your password."
			sudo -v || die "sudo did not let you install packages." "As root: apt-get install --no-install-recommends ${missing[*]}"
			sudo=(sudo)
		fi
		step "Installing ${#missing[@]} Debian packages (${missing[*]:0:4} …)" packages \
			"Is there a network, and do the package sources work? Try: apt-get update. Then start deploy/local again." \
			"${sudo[@]}" "$ROOT/deploy/lib/apt-install" "${missing[@]}"
	fi
	local node
	node=$(node -p 'process.versions.node.split(".")[0]')
	((node >= 18)) || die "Node.js $node is too old; 18 or newer is needed." "Debian's own is new enough: apt-get install nodejs npm"
}
