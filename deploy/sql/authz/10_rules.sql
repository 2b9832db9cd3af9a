-- The permission matrix. One line per action, one column per role.
-- P: level on the project, S: on the server; 1 read, 2 write, 3 admin.
DELETE FROM authz.rule;
DELETE FROM authz.action;

WITH matrix (action, object, administrator, technical_manager, technical_agent, sales_agent) AS (VALUES
	('self',                     '',        'always',             'always',                           'always', 'always'),
	('dashboard',                '',        'always',             'always',                           'always', 'always'),
	('catalogue',                '',        'always',             'always',                           'always', 'always'),
	('search',                   '',        'always',             'always',                           'always', 'always'),
	('audit.read',               '',        'always',             'always',                           'always', 'always'),

	('request.list',             '',        'always',             'always',                           'always', 'always'),
	('request.view',             'request', 'always',             'P1 or own',                        'own',    'own'),
	('request.create',           'project', 'P2',                 'P2',                               'P1 and agents_may_request', 'open or P1'),
	('request.approve',          'request', 'P3 and not_own',     'P3 and not_own and within_limit',  'never',  'never'),
	('request.reject',           'request', 'always and not_own', 'P3 and not_own and within_limit',  'never',  'never'),
	('request.cancel',           'request', 'always',             'P3 or own',                        'own',    'own'),
	('request.cancel_pending',   'request', 'always',             'own',                              'own',    'own'),
	('request.cancel_approved',  'request', 'always',             'P3',                               'never',  'never'),
	('request.cancel_deploying', 'request', 'always',             'P3',                               'never',  'never'),
	('request.provision',        'request', 'P3',                 'P3',                               'never',  'never'),
	('request.retry',            'request', 'P3',                 'P3',                               'never',  'never'),
	('request.rollback',         'request', 'always',             'P3',                               'never',  'never'),

	('project.list',             '',        'always',             'always',                           'always', 'always'),
	('project.view',             'project', 'always',             'P1',                               'P1',     'P1 or open'),
	('project.create',           '',        'always',             'never',                            'never',  'never'),
	('project.token',            'project', 'P3',                 'never',                            'never',  'never'),

	('server.list',              '',        'always',             'always',                           'always', 'always'),
	('server.view',              'server',  'always',             'S1',                               'S1',     'S1'),

	('run.list',                 '',        'always',             'always',                           'always', 'never'),
	('run.view',                 'run',     'always',             'S1',                               'S1',     'never'),
	('run.cancel',               'run',     'always',             'S2',                               'S3',     'never'),

	-- whose notification it is asks the owner of the table, in the query
	('notification.list',        '',        'always',             'always',                           'always', 'always'),
	('notification.read',        '',        'always',             'always',                           'always', 'always')
), actions AS (
	INSERT INTO authz.action (action, object) SELECT action, object FROM matrix
)
INSERT INTO authz.rule (action, role, need)
	SELECT m.action, c.role, c.need
		FROM matrix m CROSS JOIN LATERAL (VALUES ('administrator', m.administrator), ('technical_manager', m.technical_manager),
			('technical_agent', m.technical_agent), ('sales_agent', m.sales_agent)) c(role, need);
