# Building the services and the web pages, and laying them out where the services' users reach them.
# shellcheck shell=bash

readonly BUILD=$ROOT/build/release
readonly WEB=$ROOT/services/gateway/web
readonly APP_PROGRAMS=(spsctl sps-workflow sps-hetzner sps-ansible-runner sps-run sps-notifier)

build_services() {
	CMAKE_GENERATOR=Ninja cmake -S "$ROOT" -B "$BUILD" -DCMAKE_BUILD_TYPE=Release && cmake --build "$BUILD"
}

# npm ci takes a while, so it runs only when the list of packages changed.
build_web() {
	cd -- "$WEB" || return
	local stamp=node_modules/.installed-for
	if [[ $(cat "$stamp" 2>/dev/null) != $(sha256sum <package-lock.json) ]]; then
		npm ci --no-audit --no-fund
		sha256sum <package-lock.json >"$stamp"
	fi
	node build.mjs
}

install_app() {
	local program app=$VAR/app
	install -d -m 0755 "$app" "$app/bin" "$app/demo"
	for program in "${APP_PROGRAMS[@]}"; do install -m 0755 "$BUILD/$program" "$app/bin/"; done
	install -m 0755 "$(find "$BUILD" -name sps-gateway -type f -print -quit)" "$app/bin/"
	install -m 0644 "$(find "$BUILD" -name gateway.so -type f -print -quit)" "$app/bin/" # the launcher looks beside itself
	ln -sfn /usr/bin/redis-check-rdb "$app/bin/redis-server" # the same program under its other name
	rm -rf "$app/web" "$app/playbooks" "$app/ansible"
	cp -r "$WEB/dist" "$app/web"
	cp -r "$ROOT/deploy/playbooks" "$app/playbooks"
	install -m 0755 "$ROOT/deploy/demo/mail-sink.mjs" "$app/demo/"
	chmod -R u=rwX,go=rX "$app"
}

build_all() {
	step "Building the services" build "Start deploy/local again after mending what the log names." build_services
	step "Building the web pages" web \
		"Does npm reach its registry? A proxy or a private certificate is set in ~/.npmrc; then start deploy/local again." build_web
	step "Laying out the programs in $VAR/app" install "Is the disk full? df -h $VAR" install_app
}
