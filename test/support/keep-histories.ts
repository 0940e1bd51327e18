import { Client, Connection } from '@temporalio/client';
import { keepsArtifacts, keepText } from '../../demo/artifacts.ts';
import { allHistories, textOf } from '../../demo/story/histories.ts';

/** What workflows were told and told others, before their server ends; payloads decoded. */
export async function keepHistories(address: string): Promise<void> {
  if (!keepsArtifacts()) return;
  const connection = await Connection.connect({ address });
  try {
    const histories = await allHistories(new Client({ connection }));
    keepText('histories', 'tests', histories.map(textOf).join('\n'));
  } finally {
    await connection.close();
  }
}
