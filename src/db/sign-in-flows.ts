import type { Queryable } from './pool.ts';

export const SIGN_IN_WITHIN_MS = 10 * 60_000;

/** Where a browser was sent to. */
export type Place = 'instance' | 'github' | 'staff';

export interface SignInFlow {
  place: Place;
  instanceId: string | null;
  purpose: 'sign_in' | 'connect';
  sessionId: string | null;
  heldTokenId: string | null;
  /** A path of ours. */
  returnTo: string;
}

export interface NewFlow extends SignInFlow {
  stateHash: Buffer;
  browserHash: Buffer;
  at: Date;
}

export async function insertFlow(db: Queryable, flow: NewFlow): Promise<void> {
  await db.query(
    `insert into sign_in_flow
       (state_hash, browser_hash, place, instance_id, purpose, session_id, held_token_id, return_to, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      flow.stateHash,
      flow.browserHash,
      flow.place,
      flow.instanceId,
      flow.purpose,
      flow.sessionId,
      flow.heldTokenId,
      flow.returnTo,
      new Date(flow.at.getTime() + SIGN_IN_WITHIN_MS),
    ],
  );
}

/**
 * Takes the flow of a browser that came back, so that nobody comes back with it again. One that comes with another
 * browser's state, or to another place than it was sent to, takes nothing.
 */
export async function takeFlow(
  db: Queryable,
  came: { stateHash: Buffer; browserHash: Buffer; place: Place; instanceId: string | null; at: Date },
): Promise<SignInFlow | undefined> {
  const { rows } = await db.query<{
    purpose: SignInFlow['purpose'];
    session_id: string | null;
    held_token_id: string | null;
    return_to: string;
  }>(
    `delete from sign_in_flow where state_hash = $1 and browser_hash = $2 and place = $3
       and instance_id is not distinct from $4 and expires_at > $5
     returning purpose, session_id, held_token_id, return_to`,
    [came.stateHash, came.browserHash, came.place, came.instanceId, came.at],
  );
  const row = rows[0];
  return (
    row && {
      place: came.place,
      instanceId: came.instanceId,
      purpose: row.purpose,
      sessionId: row.session_id,
      heldTokenId: row.held_token_id,
      returnTo: row.return_to,
    }
  );
}

export async function dropExpiredFlows(db: Queryable, now: Date): Promise<void> {
  await db.query('delete from sign_in_flow where expires_at <= $1', [now]);
}
