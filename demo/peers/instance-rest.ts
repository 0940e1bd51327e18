import { json } from './answer.ts';
import type { Caller } from './caller.ts';
import { CANARIES } from './canaries.ts';
import type { FaultBoard } from './fault-board.ts';
import { answerGraphQL } from './graphql-endpoint.ts';
import { instanceRoot } from './instance-graphql.ts';
import type { InstanceGraphQL } from './instance-graphql.ts';
import { instanceSchema } from './instance-schema.ts';
import type { People } from './people.ts';
import type { Route } from './routes.ts';
import { lookedUp, userBody } from './user-answers.ts';

export interface InstanceContext {
  people: People;
  faults: FaultBoard;
  graphql: InstanceGraphQL;
  version: string;
  caller: Caller;
}

const BASE = '/api/v3';

/** What a person's token opens at GitHub Enterprise Server, as far as the demo plays it. */
export const INSTANCE_ROUTES: readonly Route<InstanceContext>[] = [
  {
    method: 'POST',
    path: '/api/graphql',
    handle: (request, context) =>
      answerGraphQL(instanceSchema, instanceRoot(context.graphql, context.caller), request.json),
  },
  {
    method: 'GET',
    path: `${BASE}/user`,
    handle: (_request, { caller }) => json(200, userBody(caller.person, BASE)),
  },
  {
    method: 'GET',
    path: `${BASE}/user/repos`,
    handle: () => json(200, [{ name: CANARIES.repository, description: CANARIES.description, private: true }]),
  },
  {
    method: 'GET',
    path: `${BASE}/user/:id`,
    handle: (_request, { people, faults }, parts) => lookedUp(people.byId(Number(parts['id'])), faults, BASE),
  },
  {
    method: 'GET',
    path: `${BASE}/users/:login`,
    handle: (_request, { people, faults }, parts) => lookedUp(people.byLogin(parts['login'] ?? ''), faults, BASE),
  },
  {
    method: 'GET',
    path: `${BASE}/meta`,
    handle: (_request, { version }) =>
      json(200, { verifiable_password_authentication: true, installed_version: version }),
  },
];
