const EXAMINE = 'see what stands against it with "doctor connection <id>".';

/** What an operator can do about a refusal, where its own words do not say so. */
const ADVICE: Readonly<Record<string, string>> = {
  unauthenticated:
    'set UC_API_TOKEN to a token that is not revoked; "tokens create operator" makes one where the database can be reached.',
  forbidden: 'use a token of that role: "tokens create <role>".',
  not_found: 'check the id; the "list" commands show those that are there.',
  address_not_allowed:
    'use https; a private address needs --allow-private-network, and plain HTTP is only for a loopback address, with --allow-http-loopback and ALLOW_HTTP_LOOPBACK=true on the API.',
  sync_running: 'wait until it has ended: "sync runs" shows how far it is.',
  wrong_state: EXAMINE,
  removing: EXAMINE,
  token_unreadable: 'start the API and the worker with the key that it was stored under: see TOKEN_KEYS.',
  service_unavailable: 'look at /readyz of the API, which names what cannot be reached, then send the same again.',
  internal: "look at the API's log at this time.",
};

export function adviceFor(code: string): string | undefined {
  return ADVICE[code];
}
