import { Context } from '@temporalio/activity';
import type { ActivityDeps } from './deps.ts';
import { guarded } from './failures.ts';

const BATCH = 1000;

export interface TurningOffKey {
  instanceId: string;
  generation: number;
}

export function createTurningOffActivities(deps: ActivityDeps) {
  const { pool, db, settings } = deps;

  return {
    /** Deletes every count of the instance in batches. Its cursor is in PostgreSQL, so it goes on where it stopped. */
    async deleteInstanceCounts(input: TurningOffKey): Promise<void> {
      await guarded(async () => {
        const context = Context.current();
        for (;;) {
          const more = await db.turningOff.turnOffBatch(
            pool,
            input.instanceId,
            input.generation,
            BATCH,
            settings.restoreWindowMs,
          );
          context.heartbeat();
          if (!more) return;
          if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
        }
      });
    },

    /**
     * Reads every connection of the instance back through the public read. Where counts are left, the deletion begins
     * anew. @returns how many
     */
    async countInstanceLeft(input: TurningOffKey): Promise<number> {
      return guarded(async () => {
        const context = Context.current();
        let after: string | null = null;
        let left = 0;
        do {
          const step: { last: string | null; left: number } = await db.turningOff.verifyBatch(
            pool,
            input.instanceId,
            input.generation,
            after,
            BATCH,
          );
          left += step.left;
          after = step.last;
          context.heartbeat();
        } while (after !== null);
        if (left > 0) await db.turningOff.rewind(pool, input.instanceId, input.generation);
        return left;
      });
    },

    /** Receipt, the end of turning off, and the intent's, in one transaction. @returns when the cohort's window ends */
    async finishTurningOff(input: TurningOffKey & { at: string }): Promise<{ eraseAt: string }> {
      return guarded(() =>
        db.inTransaction(pool, async (tx) => {
          const run = (await db.turningOff.loadTurningOff(tx, input.instanceId, input.generation))!;
          await db.removals.insertReceipt(tx, {
            scope: 'instance',
            subjectId: input.instanceId,
            generation: input.generation,
            cause: run.cause,
            askedAt: run.askedAt,
            verifiedAt: run.verifiedAt ?? input.at,
            itemsDeleted: run.itemsDeleted,
            publicCacheMs: settings.publicCacheMs,
          });
          await db.sharing.applySharing(tx, input.instanceId, {
            command: { type: 'verified' },
            actor: 'system',
            at: input.at,
            operationId: `verified/${input.generation}`,
            settings: { connectGraceMs: settings.connectGraceMs, connectLooks: settings.connectLooks },
          });
          await db.turningOff.markVerified(tx, input.instanceId, input.generation, input.at);
          await db.intents.markDone(tx, [`turn-off/${input.instanceId}/${input.generation}`], input.at);
          return { eraseAt: new Date(Date.parse(run.askedAt) + settings.restoreWindowMs).toISOString() };
        }),
      );
    },

    /**
     * Erases the links of the cohort that did not come back. Sweeps close their workflows, at a bounded rate.
     * @returns `endsAt`: when the next of them ends, where PostgreSQL has a later end than `at`
     */
    async eraseCohort(input: TurningOffKey & { at: string }): Promise<{ erased: number; endsAt: string | null }> {
      return guarded(async () => {
        const context = Context.current();
        let erased = 0;
        for (;;) {
          const ids = await db.turningOff.eraseCohortBatch(pool, input.instanceId, input.generation, input.at, BATCH);
          if (ids.length === 0) break;
          erased += ids.length;
          context.heartbeat(erased);
        }
        const endsAt = await db.turningOff.cohortEnds(pool, input.instanceId, input.generation);
        if (endsAt === null) {
          await db.inTransaction(pool, (tx) =>
            db.turningOff.markErased(tx, input.instanceId, input.generation, input.at),
          );
        }
        return { erased, endsAt };
      });
    },
  };
}

export type TurningOffActivities = ReturnType<typeof createTurningOffActivities>;
