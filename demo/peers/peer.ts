import type { Contributions } from './contributions.ts';
import type { FaultBoard } from './fault-board.ts';
import type { People } from './people.ts';
import type { RequestLog } from './request-log.ts';

/** A running program that plays somebody else's server, and the verbs to drive it. */
export interface Peer {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  readonly people: People;
  readonly faults: FaultBoard;
  readonly requests: RequestLog;
  /** Connections are refused from now on, and open ones are cut. */
  goDown(): Promise<void>;
  /** Listens again, on the same port. */
  comeUp(): Promise<void>;
  /** Lets every held request go and ends the program's part. */
  close(): Promise<void>;
}

export interface PeerOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  now?: () => Date;
}

export interface CountingPeer extends Peer {
  readonly contributions: Contributions;
}
