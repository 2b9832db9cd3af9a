#!/usr/bin/env node
// An emulator of the Hetzner Cloud API for tests and for trying the product on one machine. It
// answers as the real API does (routes, pages, errors, rate limits, actions that take time, locks),
// can be told to fail in every way the real one can, and, with --boot, a created server really
// boots: a minimal Debian of its own, reachable by SSH.
//
//   node emulator.mjs --tokens FILE [options]
//
// Each option can also stand in the environment (SPS_EMU_LISTEN and so on, src/options.mjs):
//   --listen, --admin ADDRESS:PORT
//                      the API (under /v1; 127.0.0.1:8780) and the admin API (127.0.0.1:8781);
//                      port 0 takes a free one
//   --tokens FILE      {"projects":[{"name":"demo","tokens":[{"token":"…","access":"rw"}]}]};
//                      no token is built in
//   --seed FILE        what those projects contain at the start, in the same form (src/seed.mjs)
//   --state FILE       keep everything there, so that a restart knows its servers
//   --scale N          all durations of actions times N (0.1 in tests)
//   --boot MODE        none      the API only
//                      netns     servers in network namespaces, each with its own address and
//                                port 22; needs root
//                      loopback  servers on 127.18.x addresses of this machine
//                      auto      the best of these that works here; the log says which and why
//   --var DIRECTORY    servers' files
//   --base-root DIR    cache of the Debian that servers start from, built once (about 40 seconds,
//                      200 MB) and shared by all emulators that name it; SPS_BASE_ROOT in the
//                      environment, else inside --var
//   --tag T, --net 198.18.N
//                      name and network of this emulator's namespaces, for two at the same time
//   --ssh-port N       loopback mode: the port of the servers' sshd (22 as root, else 2222)
//   --keep             leave the servers running at the end
// Prints one line of JSON when ready:
//   {"endpoint":"http://127.0.0.1:8780/v1","admin":"http://127.0.0.1:8781","mode":"netns"}
//
// Admin API (JSON, no token, refuses browsers):
//   GET    /health
//   GET    /journal?project=&method=&path=REGEX&status=&since=SEQ     requests with their bodies
//   DELETE /journal
//   GET    /faults, POST /faults {"faults":[{kind,…}]}, DELETE /faults           src/faults.mjs
//   GET    /clock, POST /clock {"advance":SECONDS}
//   GET    /settings, PUT /settings {…}                                        src/settings.mjs
//   POST   /buckets {project,bucket,tokens}, DELETE /buckets    empty or fill a rate bucket
//   GET    /projects, POST /projects {one as in a seed, or "projects":[…]}
//   POST   /tokens/revoke {token}
//   POST   /stock {server_type,location,available,orderable}
//   GET    /servers                       with address, port, process, directory and host key
//   POST   /servers/ID/out_of_band {"do":"rename|labels|power|status|delete|move|lock",…}
//                                         changes behind the client's back (src/admin.mjs)
//
// What is left out: volumes, networks, firewalls, floating IPs, load balancers, placement groups
// and certificates can be listed (empty) but not made; metrics are made up; every image boots the
// same Debian; of user_data only phone_home is carried out.

import { start } from './src/main.mjs';
import { readOptions } from './src/options.mjs';

function giveUp(error, status) {
  console.error(`emulator: ${error.message}`);
  process.exit(status);
}

let options;
let emulator;
try {
  options = readOptions(process.argv.slice(2), process.env);
} catch (error) {
  giveUp(error, 2);
}
try {
  emulator = await start(options);
} catch (error) {
  giveUp(error, 1);
}
console.log(JSON.stringify(emulator.where));

async function end() {
  try {
    await emulator.close();
    process.exit(0);
  } catch (error) {
    giveUp(error, 1);
  }
}
process.once('SIGTERM', end);
process.once('SIGINT', end);
