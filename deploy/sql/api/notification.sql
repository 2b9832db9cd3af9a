-- GET /notifications: what the caller was told.
CREATE OR REPLACE FUNCTION api.notification_list(actor bigint, generation bigint, args jsonb) RETURNS json
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM authz.require(actor, generation, 'notification.list', 0);
	RETURN notifier.list(actor, args);
END $$;

GRANT EXECUTE ON FUNCTION api.notification_list(bigint, bigint, jsonb) TO sps_gateway;
