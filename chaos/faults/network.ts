import type { Link } from '../link.ts';
import type { Random } from '../random.ts';
import type { Setting } from '../setting.ts';
import type { Fault } from './fault.ts';

type Choice = (setting: Setting, random: Random) => Link;
const CHOICES: Record<string, Choice> = {
  'from one of ours to PostgreSQL': ({ workers, apis }, random) => random.pick([...workers, ...apis]).toPostgres,
  'from one of ours to Temporal': ({ workers, apis }, random) => random.pick([...workers, ...apis]).toTemporal,
  'to a source': ({ outward }, random) => random.pick(Object.values(outward)),
};

/** What is done to a wire, and with what words it is told. */
const WAYS: Record<string, (link: Link, random: Random) => string> = {
  cut(link) {
    link.cut();
    return 'is cut';
  },
  reset(link) {
    link.reset();
    return 'is reset';
  },
  delay(link, random) {
    const ms = random.between(50, 500);
    link.slow(ms);
    return `is ${ms} ms late`;
  },
  stall(link) {
    link.stall();
    return 'passes nothing on';
  },
};

export const NETWORK_FAULTS: readonly Fault[] = Object.entries(CHOICES).flatMap(([wire, choose]) =>
  Object.entries(WAYS).map(([way, breaks]): Fault => ({
    name: `${way} a wire ${wire}`,
    weight: 1,
    begin(setting, random) {
      const link = choose(setting, random);
      return { what: `the wire ${link.name} ${breaks(link, random)}`, end: () => link.mend() };
    },
  })),
);
