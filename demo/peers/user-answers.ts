import { json, notFound } from './answer.ts';
import type { Answer } from './answer.ts';
import { appearing } from './caller.ts';
import type { FaultBoard } from './fault-board.ts';
import type { Person } from './person.ts';

/** The body of `/user`, `/user/:id` and `/users/:login`. */
export function userBody(person: Person, baseUrl: string): object {
  return {
    login: person.login,
    id: person.id,
    node_id: Buffer.from(`04:User${person.id}`).toString('base64'),
    url: `${baseUrl}/users/${person.login}`,
    type: 'User',
    site_admin: person.siteAdmin,
    name: person.name,
    created_at: person.createdAt,
    updated_at: person.createdAt,
    suspended_at: person.suspendedAt,
  };
}

/** Somebody looked up by another: any identity fault of theirs shows. */
export function lookedUp(person: Person | undefined, faults: FaultBoard, baseUrl: string): Answer {
  const seen = person === undefined ? undefined : appearing(person, faults.identityFaultsOf(person.key));
  return seen === undefined ? notFound() : json(200, userBody(seen, baseUrl));
}
