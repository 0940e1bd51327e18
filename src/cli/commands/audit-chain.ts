import type { Command } from 'commander';
import { countUnsealed } from '../../db/audit-seal.ts';
import { verifyAudit, type AuditFault } from '../../db/audit-verify.ts';
import { createAuditSeal } from '../../keys/audit-seal.ts';
import { readAnchors } from '../anchor-file.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { facts } from '../text.ts';

/** Whether the records are what was sealed: asked of the database itself, with the key that it does not know. */
export function verifyCommand(noun: Command, { keyed, show }: Session): void {
  noun
    .command('verify')
    .description(
      'walk the sealed records and find one that was altered, moved or taken out; uses the database itself, with AUDIT_KEYS',
    )
    .option(
      '--anchor <file or head>',
      'heads that were exported: a file of AUDIT_ANCHOR_FILE, a log of the worker, or one line of either; without it a cut tail is not found',
    )
    .action(async ({ anchor }: { anchor?: string }) => {
      const anchors = anchor === undefined ? [] : await readAnchors(anchor);
      const found = await keyed('AUDIT_KEYS', async (pool, keys) => ({
        ...(await verifyAudit(pool, createAuditSeal(keys), anchors)),
        unsealed: await countUnsealed(pool),
      }));
      if (found.fault) throw wrong(found.fault, found.head?.seq ?? 0);
      const head = found.head && { ...found.head, hash: found.head.hash.toString('hex') };
      show({ head: head ?? null, anchors: anchors.length, unsealed: found.unsealed }, () =>
        facts([
          ['Sealed records', `${head?.seq ?? 0}, each as it was sealed and where it was`],
          ['Head', head && `${head.hash} (${head.keyId})`],
          [
            'Anchors',
            anchors.length === 0 ? 'none given: whether the end was cut off is not known' : `${anchors.length} hold`,
          ],
          ['Not sealed yet', found.unsealed],
        ]),
      );
    });
}

function wrong(fault: AuditFault, good: number): Failure {
  return new Failure(EXIT.refused, {
    title: `Record ${fault.seq} ${wordsOf(fault)}`,
    detail: good === 0 ? 'None before it holds.' : `All up to record ${good} are as they were sealed.`,
    advice: 'compare with a backup or an export from before; say nothing is proved from that record on.',
    facts: { ...fault, good },
  });
}

function wordsOf(fault: AuditFault): string {
  switch (fault.kind) {
    case 'missing':
      return 'is missing, and there are later ones.';
    case 'moved':
      return 'was sealed at another place: the order was changed.';
    case 'altered':
      return 'is not as it was sealed: it was altered, or one before it was taken out.';
    case 'anchor_differs':
      return 'is not the one of the anchor: the records up to it were sealed anew, or the anchor is of another database.';
    case 'cut_off':
      return `is not there, and the anchor knows records up to ${fault.anchorSeq}: the end was cut off, or the database is of an earlier moment.`;
    case 'unknown_key':
      return `is sealed with the key "${fault.keyId}", which AUDIT_KEYS does not have.`;
  }
}
