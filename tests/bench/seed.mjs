// Many servers in many projects, put straight into the tables: the size the lists are measured at.

export const ADMINISTRATOR = { username: 'bench', password: 'a password that is only measured' };

export const addAdministrator = (stack) =>
  stack.spsctl(['user', 'add', '--username', ADMINISTRATOR.username, '--name', 'Bench', '--email', 'bench@example.org', '--role', 'administrator'], { input: `${ADMINISTRATOR.password}\n` });

export async function seedServers(stack, { projects, servers }) {
  await stack.execute(`
    INSERT INTO workflow.project (name, description, environment, open_for_sales, created_by)
      SELECT 'Project ' || lpad(i::text, 3, '0'), 'Seeded for a measurement', 'production', true, (SELECT min(id) FROM workflow."user")
      FROM generate_series(1, ${projects}) i;
    INSERT INTO hetzner.server (project, provider_id, name, lifecycle, status, ipv4, server_type, location, server_minor, ipv4_minor, currency, created_at)
      SELECT p.id, 1000000 + i, 'srv-' || lpad(i::text, 5, '0'), 'managed', CASE WHEN i % 17 = 0 THEN 'off' ELSE 'running' END,
        ('198.19.' || (i / 250) || '.' || (i % 250 + 1))::inet, 'cx23', 'fsn1', 349, 60, 'EUR', now() - i * interval '1 minute'
      FROM generate_series(0, ${servers} - 1) i
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM workflow.project WHERE name LIKE 'Project %') p ON p.n = i % ${projects};
    ANALYZE hetzner.server; ANALYZE hetzner.server_count; ANALYZE workflow.project;`);
}
