import { parseArgs } from 'node:util';
import { startGitHubPeer } from './github-peer.ts';
import { startInstancePeer } from './instance-peer.ts';
import { StateFile } from './state-file.ts';

/**
 * Starts both peers and prints one line of JSON with their addresses. `--instance-port`, `--github-port`, `--state` or
 * `INSTANCE_PORT`, `GITHUB_PORT`, `PEERS_STATE`; port 0 or nothing takes a free one. Ends on SIGINT and SIGTERM.
 */
const { values } = parseArgs({
  options: { 'instance-port': { type: 'string' }, 'github-port': { type: 'string' }, state: { type: 'string' } },
});
const { INSTANCE_PORT, GITHUB_PORT, PEERS_STATE } = process.env;

const state = new StateFile(values.state ?? PEERS_STATE);
const instance = await startInstancePeer({ port: portFrom(values['instance-port'] ?? INSTANCE_PORT), state });
const github = await startGitHubPeer({
  port: portFrom(values['github-port'] ?? GITHUB_PORT),
  state,
  siblings: { instance },
});
process.stdout.write(`${JSON.stringify({ instance: instance.url, github: github.url })}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    Promise.all([instance.close(), github.close()]).then(
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
