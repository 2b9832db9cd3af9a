-- Functions that have other parameters from now on, or have moved.
DROP FUNCTION IF EXISTS notifier.list(bigint, jsonb), notifier.release_dead_owners(),
	hetzner.page_json(bigint[], boolean), hetzner.matches(hetzner.server, text),
	hetzner.server_ids(bigint[], bigint[], text[], text, text, text, bigint, bigint),
	hetzner.state_counts(bigint[], bigint[], text, text[]), hetzner.sees_costs(text),
	workflow.request_counts(bigint, bigint, text);
