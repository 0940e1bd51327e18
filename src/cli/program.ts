import { Command } from 'commander';
import { accessRequestCommands } from './commands/access-requests.ts';
import { accountCommands } from './commands/accounts.ts';
import { auditCommands } from './commands/audit.ts';
import { connectCommands } from './commands/connect.ts';
import { deletionCommands } from './commands/deletions.ts';
import { doctorCommands } from './commands/doctor.ts';
import { instanceCommands } from './commands/instances.ts';
import { keyCommands } from './commands/keys.ts';
import { receiptCommands } from './commands/receipts.ts';
import { syncCommands } from './commands/sync.ts';
import { termsCommands } from './commands/terms.ts';
import { tokenCommands } from './commands/tokens.ts';
import type { Edge } from './edge.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { createSession } from './session.ts';

const DESCRIPTION = `What an operator does.

The commands ask the API at UC_API_URL with the token in UC_API_TOKEN; "tokens", "keys", "deletions", "receipts export" and "audit verify" use the database itself, at DATABASE_URL, and "deletions" Temporal as well. What is not set is found in the data folder (DATA_DIR, .data unless told) of a stack that runs there.`;

/** Every command, bound to the process that it runs in. */
export function createProgram(edge: Edge): Command {
  const program = new Command('npm run cli --')
    .description(DESCRIPTION)
    .option('--json', 'print the answer as JSON; what went wrong too, to standard error')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: edge.out, writeErr: edge.err, getOutHelpWidth: () => 100, getErrHelpWidth: () => 100 })
    .showHelpAfterError('--help shows what there is.')
    .addHelpText(
      'afterAll',
      `\nExit codes:\n${EXIT_CODES.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}`,
    )
    .exitOverride();
  const session = createSession(edge, () => program.opts<{ json?: boolean }>().json === true);
  tokenCommands(program, session);
  accountCommands(program, session);
  termsCommands(program, session);
  instanceCommands(program, session);
  connectCommands(program, session);
  accessRequestCommands(program, session);
  syncCommands(program, session);
  doctorCommands(program, session);
  keyCommands(program, session);
  receiptCommands(program, session);
  auditCommands(program, session);
  deletionCommands(program, session);
  return program;
}
