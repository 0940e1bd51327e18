import { randomUUID } from 'node:crypto';
import type { Queryable } from './pool.ts';

export interface OutboxMessage {
  event: string;
  subjectKind: 'connection' | 'request' | 'instance';
  subjectId: string;
  /** A role that is resolved to addresses when it is sent: `person`, `requester`, `handler`, `support`, `operator`. */
  address: string;
  /** Makes the message the same one when its step runs again. */
  dedupeKey: string;
  payload?: Record<string, unknown>;
  at: string;
}

/** Must be called inside the transition's own transaction; a repeated step adds nothing. */
export async function enqueue(tx: Queryable, messages: OutboxMessage[]): Promise<void> {
  for (const message of messages) {
    await tx.query(
      `insert into outbox (id, event, subject_kind, subject_id, address, payload, dedupe_key, created_at, next_try_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (dedupe_key, address) do nothing`,
      [
        randomUUID(),
        message.event,
        message.subjectKind,
        message.subjectId,
        message.address,
        JSON.stringify(message.payload ?? {}),
        message.dedupeKey,
        message.at,
      ],
    );
  }
}
