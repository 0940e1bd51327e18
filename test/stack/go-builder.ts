import { runGo } from '../../src/stack/go-build.ts';

/** A build that a test can interrupt, in the folders that it is given. */
const [cacheDir = '', workshop = ''] = process.argv.slice(2);
process.once('SIGTERM', () => process.exit(130));
await runGo({
  name: 'build',
  args: ['build', '-v'],
  cacheDir,
  workshop,
  env: process.env,
  log: () => undefined,
});
