import type { FaultInput } from '../../demo/peers/fault-kinds.ts';
import type { Fault } from './fault.ts';

/** What an instance does wrong, for everybody who is read there. */
const WRONGS: Record<string, readonly FaultInput[]> = {
  'the instance lies': [
    { kind: 'lying-counts', lie: 'negative' },
    { kind: 'lying-counts', lie: 'duplicate-day' },
    { kind: 'lying-counts', lie: 'missing-day' },
    { kind: 'lying-counts', lie: 'no-days' },
    { kind: 'lying-counts', lie: 'wrong-user' },
    { kind: 'cut-json' },
    { kind: 'not-json' },
  ],
  'the instance hangs': [{ kind: 'hang' }, { kind: 'slow', ms: 2_000 }],
  'the instance limits the rate': [
    { kind: 'too-many-requests', retryAfter: 2 },
    { kind: 'rate-limited', resetInSeconds: 2 },
    { kind: 'graphql-rate-limited', resetInSeconds: 2 },
    { kind: 'secondary-rate-limit', retryAfter: 2 },
  ],
  'the instance is ill': [{ kind: 'bad-gateway' }, { kind: 'maintenance' }, { kind: 'reset' }],
  'the instance refuses tokens': [{ kind: 'unauthorized' }, { kind: 'missing-scope' }, { kind: 'sso-required' }],
};

export const SOURCE_FAULTS: readonly Fault[] = Object.entries(WRONGS).map(([name, wrongs]) => ({
  name,
  weight: 1,
  async begin({ instance, github }, random) {
    const fault = random.pick(wrongs);
    await instance.fault(fault, { path: 'api' });
    // Who owns an account cannot be asked either, now and then.
    const both = random.chance(0.2);
    if (both) await github.fault({ kind: 'bad-gateway' });
    const end = async () => void (await Promise.all([instance.calms(), github.calms()]));
    return { what: `${name}: ${JSON.stringify(fault)}${both ? ', and GitHub.com is ill' : ''}`, end };
  },
}));
