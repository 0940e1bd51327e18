import { REPAIRS, type Finding, type Poison } from './poison.ts';

type Facts = Finding['facts'];

const NOUNS: Readonly<Record<Finding['subject']['kind'], string>> = {
  connection: 'connection',
  request: 'request for access',
  sharing: 'turning off',
  sync: 'part of the sync',
  instance: 'instance',
  act: 'act',
};

const WHAT: Readonly<Record<Poison, (noun: string, facts: Facts) => string>> = {
  workflow_missing: (noun, { row, workflow }) =>
    `The ${noun} is open (${row}), and ${workflow === null ? 'Temporal knows of no workflow for it' : `its workflow has ended (${workflow})`}. Nothing that it waits for can happen.`,
  workflow_stuck: (noun, { step, tried, type }) =>
    `The workflow of the ${noun} cannot go on: ${step} failed ${tried} times${type === null ? '' : ` (${type})`}. What it was asked for waits.`,
  row_contradicts: (noun, { row, shown, version, known }) =>
    shown === undefined
      ? `The row of the ${noun} has version ${version}, and its workflow goes by version ${known}: one of the two was restored or changed.`
      : `The row of the ${noun} says ${row}, and its workflow says ${shown}: one of the two was restored or changed.`,
  workflow_without_row: (noun) =>
    `The workflow of a ${noun} runs, and no open row stands for it: it was restored, or the row was lost. What it does leads nowhere.`,
  act_undeliverable: (_noun, { act, of }) =>
    `An accepted act (${act}) waits for ${of}, which is not there any more or has ended: no workflow can take it up.`,
  many_turned: (_noun, { turned, sending }) =>
    `${turned} of ${sending} developers of this instance cannot be read, as if all of them were suspended or gone. That is the instance's fault: nothing is deleted, and what was seen is not held against anybody.`,
};

const REMEDIES = {
  start: 'It is started from its row.',
  restart:
    'Its workflow is ended and begun anew from its row, which holds all that it needs. Nothing accepted is lost.',
  end: 'It is ended, with the reason.',
  close: 'It is closed; whatever its subject still has in the ledger is deleted, as was accepted.',
} as const;

/** What is wrong, in words, and what a repair would do; where there is none, what a person can do. */
export function explain({ poison, subject, facts }: Finding): { words: string; remedy: string; repairable: boolean } {
  const repair = REPAIRS[poison];
  const words = WHAT[poison](NOUNS[subject.kind], facts);
  if (repair === null) {
    return {
      words,
      remedy: 'Look at the instance. When it answers again, the next run reads everybody.',
      repairable: false,
    };
  }
  if (subject.kind === 'sync')
    return { words, remedy: 'It is ended; the next run reads everything.', repairable: true };
  return { words, remedy: REMEDIES[repair], repairable: true };
}
