import type { CommonVariables } from './common-variables.ts';
import { ConfigError, readConfig, type Variables, variableTable } from './config.ts';
import { askHealth } from './health.ts';
import { version } from './version.ts';

/** A program whose only configuration is its environment. */
export interface Program<V extends Variables> {
  /** Without `galileo-`. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  readonly variables: V;
}

function helpText(name: string, summary: string, variables: Variables): string {
  const rows = variableTable(variables);
  const width = Math.max(...rows.map(row => row.name.length));
  const lines = rows.map(
    row => `  ${row.name.padEnd(width)}  ${row.doc} [${row.allowed}]${row.fallback === '' ? '' : ` (default ${row.fallback})`}`,
  );
  const usage = [
    `galileo-${name} ${version}: ${summary}`,
    '',
    'Arguments:',
    '  --help     this text',
    '  --version  the version',
    '  --health   asks the service that runs with this environment whether it serves; exit code 0 if so, else 1',
    '',
    'It is configured by the environment alone:',
  ];
  return [...usage, ...lines, ''].join('\n');
}

/** Does what a command-line argument asks for. @returns the exit code */
export async function answerArgument(
  argument: string,
  { name, summary, variables }: Program<Variables & CommonVariables>,
): Promise<number> {
  switch (argument) {
    case '--help':
    case '-h':
      process.stdout.write(helpText(name, summary, variables));
      return 0;
    case '--version':
      process.stdout.write(`${version}\n`);
      return 0;
    case '--health':
      return await tellHealth(name, variables);
    default:
      process.stderr.write(
        `galileo-${name}: unknown argument ${JSON.stringify(argument)}; allowed: --help, --version, --health\n`,
      );
      return 2;
  }
}

/** The variables that tell where a service is; what else is wrong with an environment is its service's to say. */
const asking = ({ listen, token, tlsCert, tlsKey, tlsCa }: CommonVariables) => ({ listen, token, tlsCert, tlsKey, tlsCa });

/** Asks the service of this environment for its health, for a container's health check. @returns the exit code */
async function tellHealth(name: string, variables: CommonVariables): Promise<number> {
  try {
    const address = await askHealth(readConfig(asking(variables), process.env));
    process.stdout.write(`galileo-${name}: ${address} serves\n`);
    return 0;
  } catch (error) {
    process.stderr.write(complaint(name, error));
    return 1;
  }
}

/** What kept a program from its work, one line per problem. */
export function complaint(name: string, error: unknown): string {
  const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
  return problems.map(problem => `galileo-${name}: ${problem}\n`).join('');
}
