import { DefaultLogger, Runtime } from '@temporalio/worker';

// One runtime a test file: whatever needs a worker imports this first, before anything makes another.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  shutdownSignals: [],
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});
