// What each action does when it begins and when it ends. `begin` may return a promise (a machine
// that boots); the action then ends no sooner than that. `locks`: while it runs, the server refuses
// other operations with 423.

const setStatus =
  (status) =>
  ({ server }) => {
    if (server) server.status = status;
  };

function begun(server) {
  server.acpi_off = null; // any other power command makes an announced shutdown void
}

function restart({ world, server }) {
  begun(server);
  if (server.status !== 'running') return undefined; // a machine that is off cannot be restarted

  server.rescue_enabled_for_boot = server.rescue;
  server.rescue = null;
  return world.machines.restart(server);
}

function booted({ world, server }) {
  server.status = 'running';
  server.booted = world.clock.now();
}

const COMMAND_TABLE = {
  create_server: {
    begin: ({ world, server }) => world.machines.create(server),
    finish: ({ server, params }) => {
      server.status = params.start ? 'starting' : 'off';
    },
    fail: setStatus('off'),
  },
  start_server: {
    begin({ world, server }) {
      begun(server);
      if (server.status === 'running') return undefined;

      server.status = 'starting';
      server.rescue_enabled_for_boot = server.rescue;
      server.rescue = null;
      return world.machines.start(server);
    },
    finish: booted,
    fail: setStatus('off'),
  },
  stop_server: {
    begin({ world, server }) {
      begun(server);
      if (server.status === 'off') return undefined;

      server.status = 'stopping';
      return world.machines.stop(server);
    },
    finish: setStatus('off'),
  },
  reboot_server: { begin: restart, fail: setStatus('off') },
  reset_server: { begin: restart, fail: setStatus('off') },
  shutdown_server: {
    // success only says that the request reached the guest
    finish({ world, project, server, action }) {
      if (server.status !== 'running') return;

      server.acpi_off = action.id;
      world.later(world.clock.now() + world.duration('acpi_off'), {
        kind: 'acpi_off',
        project: project.id,
        id: server.id,
        action: action.id,
      });
    },
  },
  rebuild_server: {
    begin({ world, server }) {
      begun(server);
      server.status = 'rebuilding';
      return world.machines.rebuild(server);
    },
    finish: booted,
    fail: setStatus('off'),
  },
  delete_server: {
    begin({ world, server }) {
      begun(server);
      server.status = 'deleting';
      return world.machines.remove(server);
    },
    finish: ({ world, project, server }) => world.forgetServer(project, server),
    fail: setStatus('unknown'),
  },
  change_server_type: {
    begin: setStatus('migrating'),
    finish({ server, params }) {
      server.type = params.type;
      if (params.disk) server.disk = params.disk;
      server.status = 'off';
    },
    fail: setStatus('off'),
  },
  create_image: {
    begin: ({ world, project, server, params }) =>
      world.machines.snapshot(server, project.images.get(params.image)),
    finish({ project, params }) {
      const image = project.images.get(params.image);
      if (image) Object.assign(image, { status: 'available', image_size: params.size });
    },
    fail({ project, params }) {
      const image = project.images.get(params.image);
      if (image) image.status = 'unavailable';
    },
  },
  reset_password: {
    begin: ({ world, server, params }) => world.machines.setPassword(server, params.password),
  },
  enable_rescue: {
    finish({ world, server, project, params }) {
      server.rescue = {
        keys: params.keys,
        password: params.password,
        until: world.clock.now() + 3_600_000,
      };
      world.later(server.rescue.until, { kind: 'rescue_end', project: project.id, id: server.id });
    },
  },
  disable_rescue: {
    finish({ server }) {
      server.rescue = null;
    },
  },
  enable_backup: {
    finish({ server }) {
      server.backup_window = '22-02';
    },
  },
  disable_backup: {
    finish({ world, project, server }) {
      server.backup_window = null;
      world.forgetBackups(project, server);
    },
  },
  apply_firewall: {}, // started behind one's back when labels change: it only locks
};

export const COMMANDS = Object.fromEntries(
  Object.entries(COMMAND_TABLE).map(([name, does]) => [name, { locks: true, ...does }]),
);
