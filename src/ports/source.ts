import type { SourceFailure } from '../domain/errors.ts';
import type { Density, Window } from '../domain/window.ts';
import type { SourceKind } from '../domain/source-label.ts';

/** Where an instance is; nothing of a person. */
export interface SourceInstance {
  id: string;
  kind: SourceKind;
  /** Origin and optional path, without a slash at the end, e.g. `https://ghe.example.com`. */
  baseUrl: string;
  /** The operator allowed plain HTTP to a loopback address. */
  allowHttpLoopback: boolean;
  /** The operator allowed addresses of their own network. */
  allowPrivateNetwork?: boolean;
  oauth?: { clientId: string; clientSecret: string };
}

/** Who the stored connection says its user is: never a login. `createdAt` is ISO UTC to the second. */
export interface SourceIdentity {
  userId: number;
  createdAt: string;
}

export type SourceRead = { ok: true; counts: Int32Array; ignored: number } | SourceReadFailure;

export interface SourceReadFailure {
  ok: false;
  failure: SourceFailure;
  /** How long the source asked to wait, in milliseconds. */
  retryAfterMs?: number;
  /** Not this developer's fault: the instance as a whole is in trouble. */
  systemic: boolean;
}

export interface RefreshedToken {
  accessToken: string;
  refreshToken: string | undefined;
  expiresAt: string | undefined;
}

/** A forge that knows a developer's counts. One implementation a kind. */
export interface Source {
  readonly kind: SourceKind;
  readonly density: Density;
  /** Whether its tokens expire and are refreshed. */
  readonly tokensExpire: boolean;
  /** Whether an application can take one of its tokens back. */
  readonly tokensRevocable: boolean;
  /**
   * One developer's counts in the window, read with that developer's own token. Never throws for what a source or a
   * network can do; every such thing is a failure class. `signal` bounds it from outside.
   */
  read(
    instance: SourceInstance,
    token: string,
    who: SourceIdentity,
    window: Window,
    signal?: AbortSignal,
  ): Promise<SourceRead>;
  /** Who a token belongs to, and whether its scope shows work in private repositories too. */
  whoami(
    instance: SourceInstance,
    token: string,
    signal?: AbortSignal,
  ): Promise<
    ({ ok: true; login: string; siteAdmin: boolean; seesPrivateWork: boolean } & SourceIdentity) | SourceReadFailure
  >;
  /** Exchanges a refresh token; only where `tokensExpire`. Cut on its way, the pair may be spent and lost. */
  refresh(
    instance: SourceInstance,
    refreshToken: string,
    signal?: AbortSignal,
  ): Promise<({ ok: true } & RefreshedToken) | SourceReadFailure>;
  /** Revokes that token alone, never the grant; only where `tokensRevocable`. */
  revoke(
    instance: SourceInstance,
    token: string,
    signal?: AbortSignal,
  ): Promise<{ ok: true; already: boolean } | SourceReadFailure>;
  close(): Promise<void>;
}
