import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { openApiDocument } from './openapi.ts';
import { allRoutes } from './routes/index.ts';

const path = fileURLToPath(new URL('../../openapi.json', import.meta.url));
const options = { ...(await prettier.resolveConfig(path)), parser: 'json' };
const text = await prettier.format(JSON.stringify(openApiDocument(allRoutes)), options);

if (!process.argv.includes('--check')) {
  await writeFile(path, text);
} else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
  process.stderr.write('openapi.json is not what the routes say: run "npm run openapi".\n');
  process.exitCode = 1;
}
