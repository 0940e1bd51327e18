import { commandLine, identify, isRunning, parentOf, type ProcessIdentity } from './process-identity.ts';

const LOOK_EVERY_MS = 500;
const RUNNERS = /(^|[/ ])(npm|npx|tsx|pnpm|yarn|sh)([ ./]|$)/;

/**
 * `npm start` is npm, perhaps a shell, and tsx before it is this process: a kill -9 of any of them tells this process
 * nothing. Calls `onGone` once when one of them has ended. Whoever started npm may end, as with nohup.
 */
export function watchRunners(onGone: () => void): void {
  const runners = process.env['npm_lifecycle_event'] === undefined ? [] : findRunners();
  if (runners.length === 0) return;
  const timer = setInterval(() => {
    if (runners.every(isRunning)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_EVERY_MS).unref();
}

function findRunners(): ProcessIdentity[] {
  const runners: ProcessIdentity[] = [];
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    const command = commandLine(pid);
    const identity = identify(pid);
    if (!identity || !RUNNERS.test(command)) break;
    runners.push(identity);
    if (/(^|[/ ])(npm|pnpm|yarn)([ ./]|$)/.test(command) && !command.includes('tsx')) break;
  }
  return runners;
}
