import { z } from 'zod';
import { recordedVersion } from '../../db/audit.ts';
import { lockConnection } from '../../db/connection-steps.ts';
import { connectionsOfSource, loadConnection } from '../../db/connections.ts';
import { acceptMove } from '../../db/moves.ts';
import { inTransaction } from '../../db/pool.ts';
import { ensureProfile } from '../../db/profiles.ts';
import { demand } from '../authorize.ts';
import { connection, viewConnection } from '../connection-view.ts';
import { consentVersion, requireCurrentConsent } from '../consent.ts';
import { deliverSoon } from '../deliver.ts';
import { route } from '../route.ts';
import { byId } from '../schemas.ts';
import { asPerson } from '../source-instance.ts';
import { developerOf } from '../their-connection.ts';

export const connectionMoveRoutes = [
  route({
    method: 'post',
    path: '/api/v1/connections/:id/move',
    operationId: 'moveConnection',
    rate: 'costly',
    tag: 'connections',
    summary:
      "Move to the caller's profile: every count is deleted at the old one, then the past 90 days are sent to the new one",
    action: 'connection.use',
    params: byId,
    body: z.strictObject({ consentVersion }),
    responses: { 202: connection },
    errors: [
      'consent_required',
      'already_connected',
      'profile_taken',
      'removing',
      'window_lapsed',
      'sharing_off',
      'sharing_paused',
      'turning_off',
    ],
    handler: async ({ deps, actor, params, body, at, operationId }) => {
      const { source, instanceId, githubUserId } = asPerson(actor);
      // The old profile is somebody else's by now, or another account of theirs: who they are at the instance decides.
      const ofPerson = await connectionsOfSource(deps.pool, { instanceId, ...source });
      demand(actor, 'connection.use', { kind: 'connection', id: params.id, ofPerson });
      requireCurrentConsent(body.consentVersion);
      if ((await recordedVersion(deps.pool, params.id, operationId)) === undefined) {
        const accepted = await inTransaction(deps.pool, async (tx) => {
          await lockConnection(tx, params.id);
          const { id: profileId } = await ensureProfile(tx, githubUserId);
          return acceptMove(tx, {
            connectionId: params.id,
            profileId,
            consentVersion: body.consentVersion,
            operationId,
            actor: developerOf(params.id),
            asOf: at.toISOString(),
            restoreWindowMs: deps.config.RESTORE_WINDOW,
          });
        });
        deliverSoon(deps, { kind: 'move', subjectId: params.id, ...accepted });
      }
      const row = (await loadConnection(deps.pool, params.id))!;
      return { status: 202, location: `/api/v1/connections/${params.id}`, body: await viewConnection(deps, row) };
    },
  }),
];
