import type { Change } from './bundles.ts';

const change = (file: string, from: string, to: string): Change => ({ file, from, to });
const life = (from: string, to: string) => change('connection-life.ts', from, to);
const acts = (from: string, to: string) => change('connection.ts', from, to);
const off = (from: string, to: string) => change('turning-off.ts', from, to);

/**
 * Branches that are seldom taken, each lost by a careless change; and for each the history, of the present code, that took
 * it. Several share a bundle, since making one takes seconds.
 */
export const BRANCHES: { what: string; changes: Change[]; broken: string[] }[] = [
  {
    what: 'acts that change nothing more, and deletions',
    changes: [
      life('} else {\n      await closeIntent({ operationId, asOf: nowIso() });', '} else {\n      void closeIntent;'),
      life(
        'if (this.#known.erased) return closeIntent({ operationId, asOf: nowIso() });',
        'if (this.#known.erased) return;',
      ),
      life(
        'if (!commit) for (const operationId of intents) await closeIntent(',
        'for (const operationId of []) await closeIntent(',
      ),
      life("await sleep('1s', { summary: 'Counts were left: deletes again' });", 'void sleep;'),
      acts('await condition(isRemoved, REMOVAL_PATIENCE_MS, { summary })', 'isRemoved()'),
    ],
    broken: [
      'connection/ended-before_forget',
      'connection/ended-before_move',
      'connection/removing-refused',
      'connection/restorable-deleted_again',
      'connection/restorable-opted_out-again',
      'connection/restorable-token_lost-opted_out',
    ],
  },
  {
    what: 'coming back, moving and the end of the window',
    changes: [
      acts('if (lifted) await life.commit(', 'if (lifted) void (() => life.commit)('),
      acts('readAt = isRestoring ? addMs(nowIso(), restoreBackoffMs()) : null;', 'readAt = null;'),
      life(
        '      if (!refusalBehind(error)) throw error;\n    }\n  }\n\n  /** Delete',
        '      throw error;\n    }\n  }\n\n  /** Delete',
      ),
      life(
        'if (!(await lapseConnection({ connectionId: this.#connectionId, asOf: nowIso() }))) return false;',
        'await lapseConnection({ connectionId: this.#connectionId, asOf: nowIso() });',
      ),
    ],
    broken: [
      'connection/restorable-longer',
      'connection/restorable-moved',
      'connection/restoring-paused',
      'connection/sending-lifted',
    ],
  },
  {
    what: 'causes, and a cohort that ends later',
    changes: [
      acts('const { lifted } = await recheckCauses({ connectionId, asOf: nowIso() });', 'const lifted = true;'),
      acts("if (reads > 0 && patched('connection-outlives-its-reads')) return;", ''),
      life('if (this.#known.state.causes.length > 0) return;\n    try', 'try'),
      life('if (holds !== observed) return;', ''),
      off('endsAt = done.endsAt;', 'endsAt = null;'),
      off("if (isLong() && patched('turning-off-continues')) await continueAsNew<typeof turningOff>(input);", ''),
    ],
    broken: [
      'connection/restorable-opted_out-moved',
      'connection/restorable-opted_out-read_left',
      'connection/restorable-token_lost-still',
      'connection/sending-seen_again',
      'connection/sending-seen_otherwise',
      'turningOff/deleting-continues',
      'turningOff/window-longer',
    ],
  },
];
