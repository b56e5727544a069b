// A service of nothing but the spine, for the tests of what all services do as a process.
import { commonVariables, credentialsOf, runService, secret, startGrpcServer, text } from '../src/index.ts';

process.exitCode = await runService({
  name: 'example',
  summary: 'shows the spine',
  variables: {
    ...commonVariables(0),
    mode: text('example_mode', { fallback: 'well', doc: 'how it does' }),
    pin: secret('example_pin', { doc: 'a secret' }),
  },
  async start(config, { log }) {
    const { listen, insecure, mode } = config;
    if (mode === 'throws') throw new Error('could not begin');
    log.info({ config }, 'the config');
    const server = await startGrpcServer({ listen, credentials: credentialsOf(config), insecure, services: [], log });
    server.setServing(mode === 'well');
    return { addresses: { grpc: server.address }, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
});
process.exit();
