import type { Route } from '../route.ts';
import { accessRequestActRoutes } from './access-request-acts.ts';
import { accessRequestNoteRoutes } from './access-request-notes.ts';
import { accessRequestRoutes } from './access-requests.ts';
import { accountRoutes } from './accounts.ts';
import { auditRoutes } from './audit.ts';
import { connectionActRoutes } from './connection-acts.ts';
import { connectionCountRoutes } from './connection-counts.ts';
import { connectionMoveRoutes } from './connection-move.ts';
import { connectionRoutes } from './connections.ts';
import { doctorPoisonRoutes } from './doctor-poison.ts';
import { doctorRoutes } from './doctor.ts';
import { instanceRoutes } from './instances.ts';
import { meRoutes } from './me.ts';
import { profileRoutes } from './profiles.ts';
import { receiptRoutes } from './receipts.ts';
import { sessionRoutes } from './sessions.ts';
import { sharingRoutes } from './sharing.ts';
import { syncRoutes } from './sync.ts';
import { systemRoutes } from './system.ts';

/** The product's routes, in the order in which they are matched. */
export const routes: readonly Route[] = [
  ...accountRoutes,
  ...instanceRoutes,
  ...accessRequestRoutes,
  ...accessRequestActRoutes,
  ...accessRequestNoteRoutes,
  ...sharingRoutes,
  ...connectionRoutes,
  ...connectionCountRoutes,
  ...connectionActRoutes,
  ...connectionMoveRoutes,
  ...meRoutes,
  ...sessionRoutes,
  ...receiptRoutes,
  ...profileRoutes,
  ...syncRoutes,
  ...doctorRoutes,
  ...doctorPoisonRoutes,
  ...auditRoutes,
];

/** With those about the API itself; for the document, where nothing is measured. */
export const allRoutes: readonly Route[] = [...routes, ...systemRoutes(routes, { render: () => '' })];
