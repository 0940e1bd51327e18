import type { Argument, Command, Option } from 'commander';
import { EXIT_CODES } from './exit-codes.ts';

const INTRODUCTION = `# The operators' CLI

<!-- Written from the commands' own definitions by "npm run cli:docs". -->

\`\`\`
npm run cli -- <noun> <verb> [options]
\`\`\`

Beside a stack that \`npm start\` runs, every command works as it stands: the CLI finds the addresses and the demo's operator
token in its data folder. For a system that runs elsewhere set \`UC_API_URL\` and \`UC_API_TOKEN\`, and for \`tokens\`, which
makes the first token of all, \`DATABASE_URL\`. \`NAME_FILE\` names a file that holds the value of \`NAME\`.

- \`--json\` prints the answer of the API as it is, and what went wrong as JSON to standard error. In a script say
  \`npm run --silent cli -- … --json\`, so that npm prints nothing of its own.
- Times are printed in UTC, as \`2026-11-24T08:30:00Z\`. Options take that, or a day, which stands for its beginning.
- An instance can be named by its host name, an account by its short name, and both by their ids.
- A secret is never an option: name a file that holds it, or \`-\` for standard input.`;

/** Every command with its arguments and options, as Markdown. */
export function reference(program: Command): string {
  const chapters = program.commands.map((noun) => [`## ${noun.name()}`, sentence(noun), ...noun.commands.map(verb)]);
  return [INTRODUCTION, `## Exit codes\n\n${table(['code', ''], exitCodes())}`, ...chapters.flat()].join('\n\n');
}

const exitCodes = () => EXIT_CODES.map(([code, meaning]) => [String(code), meaning] as const);

function verb(command: Command): string {
  const name = `${command.parent?.name() ?? ''} ${command.name()}`;
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)];
  const usage = `\`${`${name} ${command.usage()}`.trim()}\``;
  return [`### ${name}`, sentence(command), usage, ...(rows.length > 0 ? [table(['', ''], rows)] : [])].join('\n\n');
}

function sentence(command: Command): string {
  const text = command.description();
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function argumentRow(argument: Argument) {
  return [`\`<${argument.name()}>\``, words(argument.description, argument.argChoices)] as const;
}

function optionRow(option: Option) {
  const needed = option.mandatory ? ' **Needed.**' : '';
  const fallback = option.defaultValue === undefined ? '' : ` Unless told: \`${String(option.defaultValue)}\`.`;
  return [`\`${option.flags}\``, `${words(option.description, option.argChoices)}${needed}${fallback}`] as const;
}

function words(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description} (${choices.map((choice) => `\`${choice}\``).join(', ')})` : description;
}

function table(headings: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(headings), line(['---', '---']), ...rows.map((row) => line(row))].join('\n');
}
