import { searchArtifacts } from './search.ts';

/** `npm run test:canaries <folder>`: looks for secrets and people in all that suites left there. What was not there to be looked at is a failure. */
const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder that was UC_ARTIFACTS.');

const say = (line: string) => void process.stdout.write(`${line}\n`);
let [passed, failed] = [0, 0];
for (const { artifact, what, files, found } of searchArtifacts(folder)) {
  const isGood = files > 0 && found.length === 0;
  if (isGood) passed += 1;
  else failed += 1;
  const said = files === 0 ? 'nothing was there to look at' : `${files} looked at`;
  say(`${isGood ? 'ok  ' : 'FAIL'} no ${what} in ${artifact}: ${said}`);
  for (const find of found.slice(0, 20)) say(`       ${find}`);
}
say(`-- canaries: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
