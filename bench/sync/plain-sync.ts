import { randomUUID } from 'node:crypto';
import { writePage, type PageKey, type PageWrite } from '../../src/db/count-writes.ts';
import { loadInstance, type InstanceRow } from '../../src/db/instances.ts';
import { digestOf, ledger } from '../../src/db/ledger.ts';
import type { Pool } from '../../src/db/pool.ts';
import { keptCounts, openPage, readPage, type PageConnection } from '../../src/db/sync-pages.ts';
import { beginInstanceRun, beginRun } from '../../src/db/sync-runs.ts';
import { bucketsOf, type Bucket } from '../../src/domain/buckets.ts';
import { SOURCE_LABELS, type SourceKind } from '../../src/domain/source-label.ts';
import { differingDays, windowAt, type Window } from '../../src/domain/window.ts';
import type { Source } from '../../src/ports/source.ts';
import type { TokenCipher } from '../../src/ports/token-cipher.ts';

export interface PlainParts {
  pool: Pool;
  sources: Record<SourceKind, Source>;
  cipher: TokenCipher;
  buckets: number;
  pageSize: number;
  concurrency: number;
}

interface Read {
  connection: PageConnection;
  counts: Int32Array;
}

/** One pass over an instance as it is written down here, and the page of it that is under way. */
interface Pass extends PlainParts {
  runId: string;
  startedAt: string;
  instance: InstanceRow;
  window: Window;
}

/**
 * The sync of one instance as a plain script would do it: the same reads, each with its own decrypted token, the same
 * comparison, fences and writes, as many at once, and nothing else. It keeps no progress, so it cannot be taken up again.
 * @throws when anything fails, since it can do nothing about it
 */
export async function plainSync(parts: PlainParts, instanceId: string): Promise<void> {
  const { pool } = parts;
  const runId = randomUUID();
  const startedAt = new Date().toISOString();
  await beginRun(pool, { runId, scheduledAt: startedAt, startedAt, trigger: 'bench' });
  await beginInstanceRun(pool, runId, instanceId, startedAt);
  const instance = (await loadInstance(pool, instanceId))!;
  const pass: Pass = { ...parts, runId, startedAt, instance, window: windowAt(startedAt) };
  await Promise.all(bucketsOf(parts.buckets).map((bucket) => syncBucket(pass, bucket)));
}

async function syncBucket(pass: Pass, { from, to }: Bucket): Promise<void> {
  const { pool, instance, pageSize } = pass;
  for (let cursor: string | undefined = from; cursor !== undefined;) {
    const page: PageKey = { runId: pass.runId, instanceId: instance.id, fromId: cursor };
    const readNumber = await openPage(pool, page, pass.startedAt);
    if (readNumber === undefined) throw new Error('a later run has begun');
    const connections = await readPage(pool, instance.id, cursor, to, pageSize);
    const writes = await differing(pass, readNumber, await readAll(pass, connections));
    await writePage(pool, page, readNumber, writes);
    cursor = connections.length === pageSize ? connections.at(-1)!.id : undefined;
  }
}

async function readAll(pass: Pass, connections: PageConnection[]): Promise<Read[]> {
  const { instance, cipher, window } = pass;
  const { id, kind, baseUrl, allowHttpLoopback } = instance;
  const source = pass.sources[kind];
  const where = { id, kind, baseUrl, allowHttpLoopback };
  const reads: Read[] = [];
  let next = 0;
  const reader = async () => {
    while (next < connections.length) {
      const connection = connections[next]!;
      next += 1;
      const { token, userId, createdAt } = connection;
      const opened = cipher.open(token.ciphertext, token.keyId, connection.id)!;
      const answer = await source.read(where, opened, { userId, createdAt }, window);
      if (!answer.ok) throw new Error(`a read failed: ${answer.failure}`);
      reads.push({ connection, counts: answer.counts });
    }
  };
  await Promise.all(Array.from({ length: pass.concurrency }, reader));
  return reads;
}

async function differing(pass: Pass, readNumber: number, reads: Read[]): Promise<PageWrite[]> {
  const { pool, window } = pass;
  if (reads.length === 0) return [];
  const kept = await keptCounts(
    pool,
    reads.map(({ connection }) => connection.id),
    window,
  );
  const suspects = reads.filter(({ connection, counts }) => kept.digests.get(connection.id) !== digestOf(counts));
  if (suspects.length === 0) return [];
  const ids = suspects.map(({ connection }) => connection.id);
  const windows = await ledger.windows(pool, ids, window);
  return suspects.map(({ connection: { id, generation }, counts }) => ({
    openRead: kept.openReads.has(id),
    message: {
      connectionId: id,
      generation,
      readNumber,
      source: SOURCE_LABELS[pass.instance.kind],
      days: differingDays(window, windows.get(id)!, counts),
    },
  }));
}
