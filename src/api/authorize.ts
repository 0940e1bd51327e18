import { DomainError } from '../domain/errors.ts';
import type { Actor, Role } from './identity.ts';

/** What may be done, and in which roles. What is not listed here may not be done. */
export const ACTIONS = {
  'instance.register': ['operator'],
  'instance.list': ['operator'],
  'instance.read': ['operator', 'support'],
  'account.register': ['operator'],
  'account.list': ['operator', 'support'],
  'account.terms': ['operator', 'support'],
  'request.create': ['person'],
  'request.read': ['person', 'support'],
  'request.list': ['support', 'operator'],
  'request.answer': ['person'],
  'request.handle': ['support'],
  'sharing.switch': ['person'],
  'sharing.read': ['person', 'support', 'operator'],
  'sharing.revoke': ['support'],
  'connection.create': ['person'],
  'connection.use': ['person'],
  'profile.own': ['person'],
  'session.own': ['person', 'support'],
  'sync.operate': ['operator'],
  'doctor.read': ['operator'],
  'doctor.repair': ['operator'],
  'audit.read': ['operator'],
} as const satisfies Record<string, readonly Role[]>;
export type Action = keyof typeof ACTIONS;

/** What an act is done to, as far as it decides who may. */
export type Subject =
  | { kind: 'instance'; instanceId: string }
  | { kind: 'connection'; id: string; ofPerson: readonly { id: string }[] }
  | { kind: 'self' };

/** @throws DomainError forbidden, which names the roles */
export function demandRole(actor: Actor, action: Action): void {
  const roles: readonly Role[] = ACTIONS[action];
  if (!roles.includes(actor.role)) throw new DomainError('forbidden', `This act is for: ${roles.join(', ')}.`);
}

export function can(actor: Actor, action: Action, subject: Subject): boolean {
  const roles: readonly Role[] = ACTIONS[action];
  if (!roles.includes(actor.role)) return false;
  if (subject.kind === 'self') return true;
  if (subject.kind === 'connection') return subject.ofPerson.some((connection) => connection.id === subject.id);
  return actor.role !== 'person' || actor.instanceId === subject.instanceId;
}

/** @throws DomainError not_found: what is not yours is not told from what does not exist */
export function demand(actor: Actor, action: Action, subject: Subject): void {
  if (!can(actor, action, subject)) throw new DomainError('not_found');
}
