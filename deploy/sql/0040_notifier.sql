-- What people are told, and the letters that carry it outside.

-- One row is one thing one person is told. UNIQUE(user_id, event_id): however often
-- an event is delivered to this service, each person is told once.
CREATE TABLE notifier.notification (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id    bigint NOT NULL,
	event_id   uuid NOT NULL,
	event      text NOT NULL,                  -- request.approved
	severity   text NOT NULL CHECK (severity IN ('info', 'success', 'warning', 'critical')),
	title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
	body       text NOT NULL CHECK (length(body) <= 4000),
	link       text NOT NULL DEFAULT '' CHECK (link = '' OR link LIKE '/%'),
	request_id bigint,                         -- who may not see it any more gets no letter about it
	created_at timestamptz NOT NULL DEFAULT now(),
	read_at    timestamptz,
	UNIQUE (user_id, event_id)
);
CREATE INDEX notification_list ON notifier.notification (user_id, id DESC);
CREATE INDEX notification_unread ON notifier.notification (user_id) WHERE read_at IS NULL;

-- The outbox of letters. States and what moves them: services/notifier/delivery_fsm.c.
CREATE TABLE notifier.delivery (
	id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	notification bigint NOT NULL REFERENCES notifier.notification,
	channel      text NOT NULL CHECK (channel IN ('email')),
	state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'dead', 'skipped')),
	message_id   uuid NOT NULL DEFAULT gen_random_uuid(), -- the same in every try: a doubled letter can be told
	tries        smallint NOT NULL DEFAULT 0,
	due_at       timestamptz NOT NULL DEFAULT now(),
	owner        uuid,                         -- the replica that is sending
	error        text,
	created_at   timestamptz NOT NULL DEFAULT now(),
	ended_at     timestamptz,
	UNIQUE (notification, channel),
	CHECK ((state = 'sending') = (owner IS NOT NULL)),
	CHECK ((state IN ('sent', 'dead', 'skipped')) = (ended_at IS NOT NULL))
);
CREATE INDEX delivery_due ON notifier.delivery (due_at) WHERE state = 'waiting';
CREATE INDEX delivery_sending ON notifier.delivery (owner) WHERE state = 'sending';
