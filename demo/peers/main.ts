import { parseArgs } from 'node:util';
import { startGitHubPeer } from './github-peer.ts';
import { startInstancePeer } from './instance-peer.ts';
import { startStaffIssuer } from './staff-issuer.ts';
import { StateFile } from './state-file.ts';

/**
 * Starts the peers and prints one line of JSON with their addresses. `--instance-port`, `--github-port`, `--staff-port`,
 * `--state` or `INSTANCE_PORT`, `GITHUB_PORT`, `STAFF_PORT`, `PEERS_STATE`; port 0 or nothing takes a free one.
 * `--staff-redirect-uri`, as often as needed, or `STAFF_REDIRECT_URIS`, separated by spaces, is where the issuer sends
 * browsers back to. Ends on SIGINT and SIGTERM.
 */
const { values } = parseArgs({
  options: {
    'instance-port': { type: 'string' },
    'github-port': { type: 'string' },
    'staff-port': { type: 'string' },
    'staff-redirect-uri': { type: 'string', multiple: true },
    state: { type: 'string' },
  },
});
const { INSTANCE_PORT, GITHUB_PORT, STAFF_PORT, STAFF_REDIRECT_URIS, PEERS_STATE } = process.env;

const state = new StateFile(values.state ?? PEERS_STATE);
const instance = await startInstancePeer({ port: portFrom(values['instance-port'] ?? INSTANCE_PORT), state });
const github = await startGitHubPeer({
  port: portFrom(values['github-port'] ?? GITHUB_PORT),
  state,
  siblings: { instance },
});
const redirectUris = values['staff-redirect-uri'] ?? STAFF_REDIRECT_URIS?.split(' ');
const staff = await startStaffIssuer({
  port: portFrom(values['staff-port'] ?? STAFF_PORT),
  ...(redirectUris && { redirectUris }),
});
process.stdout.write(`${JSON.stringify({ instance: instance.url, github: github.url, staff: staff.url })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    Promise.all([instance.close(), github.close(), staff.close()]).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

function portFrom(text: string | undefined): number {
  const port = Number(text ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${text} is not a port`);
  return port;
}
