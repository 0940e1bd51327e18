import type { Program } from '../program.ts';
import type { Random } from '../random.ts';
import type { Setting } from '../setting.ts';
import { nothingToEnd, type Fault } from './fault.ts';

const DOWN_MS = { least: 0, most: 2_500 };

type Choice = (setting: Setting, random: Random) => Program;
const CHOICES: Record<string, Choice> = {
  'a worker': ({ workers }, random) => random.pick(workers).program,
  'an API process': ({ apis }, random) => random.pick(apis).program,
  Temporal: ({ temporal }) => temporal,
  PostgreSQL: ({ postgres }) => postgres,
};

export const PROCESS_FAULTS: readonly Fault[] = Object.entries(CHOICES).flatMap(([name, choose]): Fault[] => [
  {
    name: `kill -9 ${name}`,
    weight: 3,
    begin(setting, random) {
      const program = choose(setting, random);
      const downMs = random.between(DOWN_MS.least, DOWN_MS.most);
      program.kill(downMs);
      return { what: `${program.name} is killed, and stays down for ${downMs} ms`, end: nothingToEnd };
    },
  },
  {
    name: `stop and continue ${name}`,
    weight: 2,
    begin(setting, random) {
      const program = choose(setting, random);
      program.freeze();
      return { what: `${program.name} stands still`, end: () => program.thaw() };
    },
  },
]);
