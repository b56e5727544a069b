import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Certificates, createCertificates, type Program, startProgram, temporaryDirectory } from '@galileo/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

type Environment = Readonly<Record<string, string>>;

const file = fileURLToPath(new URL('./program.ts', import.meta.url));
const start = (environment: Environment, ...args: string[]) => startProgram([process.execPath, file, ...args], { environment });

async function run(environment: Environment, ...args: string[]) {
  await using program = await start(environment, ...args);
  return { code: (await program.exited).code, output: program.output() };
}

async function addressOf(program: Program): Promise<string> {
  const [, address] = await program.untilOutput(/"addresses":\{"grpc":"([^"]+)"\}.*"msg":"ready"/);
  return address!;
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let made: Certificates;
beforeAll(async () => {
  directory = await temporaryDirectory();
  made = await createCertificates(directory.path);
});
afterAll(() => directory[Symbol.asyncDispose]());

const tls = (): Environment => ({
  galileo_tls_cert: made.server.cert,
  galileo_tls_key: made.server.key,
  galileo_tls_ca: made.ca,
});

test('--help tells arguments and variables, and no secret of the environment', async () => {
  const { code, output } = await run({ example_pin: 'PRIVATE', galileo_token: 'PRIVATE' }, '--help');
  expect(code).toBe(0);
  for (const text of ['--health', 'example_pin', 'galileo_tls_cert', 'galileo_insecure', 'galileo_advertise_host']) {
    expect(output).toContain(text);
  }
  expect(output).not.toContain('PRIVATE');
});

test.each<[string, Environment]>([
  ['on the loopback', { galileo_grpc_listen: '127.0.0.1:0' }],
  ['on all addresses, with a token', { galileo_grpc_listen: '0.0.0.0:0', galileo_token: 't' }],
  ['on all addresses of both kinds, insecurely', { galileo_grpc_listen: '[::]:0', galileo_insecure: 'true' }],
])('--health of a service %s', async (_, environment) => {
  await using program = await start(environment);
  const port = (await addressOf(program)).replace(/^.*:/, ':');
  const listen = { galileo_grpc_listen: environment['galileo_grpc_listen']!.replace(/:0$/, port) };
  const host = listen.galileo_grpc_listen.startsWith('[') ? '[::1]' : '127.0.0.1';
  expect(await run({ ...environment, ...listen }, '--health')).toEqual({
    code: 0,
    output: `galileo-example: ${host}${port} serves\n`,
  });
  await program.kill('SIGTERM');
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(await run({ ...environment, ...listen }, '--health')).toEqual({
    code: 1,
    output: `galileo-example: nobody listens on ${host}${port}\n`,
  });
});

test('--health of a service with TLS, whose certificate may be for another host, and for which one needs a certificate', async () => {
  await using program = await start({ galileo_grpc_listen: '127.0.0.2:0', ...tls() });
  const galileo_grpc_listen = await addressOf(program);
  expect(await run({ galileo_grpc_listen, ...tls() }, '--health')).toMatchObject({ code: 0 });
  expect(await run({ galileo_grpc_listen }, '--health')).toEqual({
    code: 1,
    output: `galileo-example: ${galileo_grpc_listen} speaks TLS: set galileo_tls_cert, galileo_tls_key and galileo_tls_ca\n`,
  });
});

test('--health of a service that runs and does not serve, or whose port is not known', async () => {
  await using program = await start({ example_mode: 'badly' });
  const galileo_grpc_listen = await addressOf(program);
  const { code, output } = await run({ galileo_grpc_listen }, '--health');
  expect([code, output]).toEqual([1, expect.stringContaining(`${galileo_grpc_listen} runs and does not serve`)]);
  expect(await run({ galileo_grpc_listen: '127.0.0.1:0' }, '--health')).toEqual({
    code: 1,
    output: 'galileo-example: galileo_grpc_listen: "127.0.0.1:0" names no port to ask\n',
  });
});

test('what is wrong with the environment is one line per variable on stderr, and exit code 1', async () => {
  const wrong = {
    galileo_grpc_listen: 'here',
    galileo_logging_level: 'LOUD',
    galileo_advertise_host: 'a:1',
    example_pin: 'PRIVATE',
  };
  const { code, output } = await run(wrong);
  expect(code).toBe(1);
  expect(output.split('\n')).toEqual([
    'galileo-example: galileo_grpc_listen: "here" is not allowed; allowed: HOST:PORT with a port up to 65535',
    'galileo-example: galileo_advertise_host: "a:1" is not allowed; allowed: a host name or an IP address, without a port',
    expect.stringMatching(/^galileo-example: galileo_logging_level: "LOUD" is not allowed; allowed: TRACE, /),
    '',
  ]);
  const { output: incomplete } = await run({ galileo_tls_cert: join(directory.path, 'none') });
  expect(incomplete.split('\n').filter(line => line.startsWith('galileo-example: '))).toEqual([
    'galileo-example: galileo_tls_key: is not set, while galileo_tls_cert is; allowed: all three or none',
    'galileo-example: galileo_tls_ca: is not set, while galileo_tls_cert is; allowed: all three or none',
  ]);
});

test('a port that is taken is told once', async () => {
  await using program = await start({});
  const galileo_grpc_listen = await addressOf(program);
  const { code, output } = await run({ galileo_grpc_listen });
  expect(code).toBe(1);
  expect(output.split('\n').filter(line => line !== '' && !line.startsWith('{'))).toEqual([
    expect.stringMatching(/^galileo-example: galileo_grpc_listen: "127.0.0.1:\d+" can't be listened on: listen EADDRINUSE/),
  ]);
});

test('a config that is logged shows no secret, and a start that fails ends with the reason in the log', async () => {
  await using program = await start({ galileo_token: 'PRIVATE' });
  await addressOf(program);
  expect(program.output()).toContain('the config');
  expect(program.output()).not.toContain('PRIVATE');
  const { code, output } = await run({ example_mode: 'throws' });
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({ level: 60, msg: 'failed', err: { message: 'could not begin' } });
});

test('an argument that is not known is named with those that are', async () => {
  expect(await run({}, '--halth')).toEqual({
    code: 2,
    output: 'galileo-example: unknown argument "--halth"; allowed: --help, --version, --health\n',
  });
});
