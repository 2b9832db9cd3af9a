-- Results of commands are read through api.command_get, which asks first whether the session is still good.
REVOKE EXECUTE ON FUNCTION bus.command(uuid, text) FROM sps_gateway;
DROP FUNCTION bus.result(uuid, text);
