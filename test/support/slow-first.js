import Sequencer from '@jest/test-sequencer';

/** The rooms and files that take longest, longest first: one of them begun last would run alone at the end. */
const SLOW = [
  'test/model/system',
  'test/workflows/connection',
  'test/years/ten-years',
  'test/workflows',
  'test/repair',
  'test/replay',
  'test/years',
];

/** On a clean clone nothing is known of how long a file takes, and Jest would go by its size. Of the others each is short. */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    return tests.toSorted((a, b) => rank(a.path) - rank(b.path));
  }
}

function rank(path) {
  const at = SLOW.findIndex((slow) => path.includes(`/${slow}`));
  return at === -1 ? SLOW.length : at;
}
