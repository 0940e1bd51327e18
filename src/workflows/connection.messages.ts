import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ConnectionState, ConnectionStatus } from '../domain/connection.ts';
import type { SourceFailure } from '../domain/errors.ts';
import type { Answered } from './act-queue.ts';
import type { OperatorView } from './search-attributes.ts';

/** Every act of a person carries who and when; its `operationId` makes it the same act when it is sent again. */
export interface Act {
  operationId: string;
  actor: string;
  asOf: string;
}

export interface SendAct extends Act {
  consentVersion: string;
}

export interface ReconnectAct extends Act {
  /** The text that was agreed to anew, where it is not the one of the last tick. */
  consentVersion?: string;
}

export interface UpdateNowAct extends Act {
  /** The least time between two such acts, in milliseconds. */
  everyMs: number;
}

export interface ActAnswer {
  status: ConnectionStatus;
  version: number;
}

export type UpdateNowAnswer =
  { outcome: 'written' | 'superseded' | 'stale' } | { outcome: 'failed'; failure: SourceFailure };

/** "Send my contribution counts" was ticked. Answers when fence, projection and audit are committed. */
export const sendUpdate = defineUpdate<ActAnswer, [SendAct]>('send');
/** The developer comes back after a removal. Answers as `send` does; the counts follow. */
export const reconnectUpdate = defineUpdate<ActAnswer, [ReconnectAct]>('reconnect');
/** Reads the source now. Answers when the counts are set, or with the failure. */
export const updateNowUpdate = defineUpdate<UpdateNowAnswer, [UpdateNowAct]>('updateNow');
/** Something waits for this connection in PostgreSQL: an accepted act, or a cause that outlived its grace. */
export const wakeSignal = defineSignal('wake');
export const stateQuery = defineQuery<ConnectionState | null>('state');

export interface ConnectionInput {
  connectionId: string;
  /** What crosses continue-as-new; absent at the first start, when PostgreSQL has the state. */
  carried?: CarriedConnection;
  /** Continue as new after so many events; the server's own suggestion counts as well. For tests. */
  maxEvents?: number;
}

export interface CarriedConnection {
  schemaVersion: 1;
  answered: Answered<ActAnswer | UpdateNowAnswer>[];
  lastUpdateNowAt: string | null;
  readAt: string | null;
  /** How often a restore was tried: each try waits longer. */
  restoreTries?: number;
  /** What operators see in Temporal so far. */
  shown?: OperatorView;
}
