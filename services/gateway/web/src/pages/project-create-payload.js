/* From what was typed to what is sent. */
import { parseMoney } from '../lib/format.js';

/** What is left empty is not sent: the service has its own defaults. */
export function payloadOf(values) {
  const body = {
    name: values.name.trim(),
    token: values.token.trim(),
    environment: values.environment,
    open_for_sales: values.open_for_sales === 'yes',
    manual_provision: values.manual_provision === 'yes',
  };
  if (values.description.trim()) body.description = values.description.trim();
  if (values.server_cap.trim()) body.server_cap = Number(values.server_cap);
  for (const name of ['budget_minor', 'manager_limit_minor']) {
    if (values[name].trim()) body[name] = parseMoney(values[name]);
  }
  return body;
}
