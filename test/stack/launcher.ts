import { startStack } from '../../src/stack/stack.ts';

/** A launcher that a test can kill: starts the servers and the demo peers in the folder that it is given, prints, and waits. */
const [dataDir = ''] = process.argv.slice(2);
const stack = await startStack({
  dataDir,
  parts: ['peers'],
  durable: false,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify({ ownerUrl: stack.ownerUrl, peers: stack.peers })}\n`);
process.once('SIGTERM', () => {
  void stack.stop().then(() => process.exit(0));
});
