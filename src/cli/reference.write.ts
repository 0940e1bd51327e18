import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { createProgram } from './program.ts';
import { reference } from './reference.ts';

const silent = { env: {}, stdin: Readable.from([]), out: () => undefined, err: () => undefined };
const path = fileURLToPath(new URL('../../docs/cli.md', import.meta.url));
const options = { ...(await prettier.resolveConfig(path)), parser: 'markdown' };
await writeFile(path, await prettier.format(reference(createProgram(silent)), options));
