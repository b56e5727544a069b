import { address, flag, oneOf, optionalAddress, optionalHost } from './config.ts';
import { credentialVariables } from './credentials.ts';
import { logLevels } from './log.ts';

/** Variables that every service has; `port` is its default gRPC port. */
export function commonVariables(port: number) {
  return {
    listen: address('galileo_grpc_listen', {
      fallback: `127.0.0.1:${port}`,
      doc: 'HOST:PORT of the gRPC server; port 0 takes a free one',
    }),
    ...credentialVariables,
    insecure: flag('galileo_insecure', { fallback: 'false', doc: 'listen beyond loopback without token or TLS' }),
    advertiseHost: optionalHost('galileo_advertise_host', {
      doc: 'host under which others reach this service; if unset the host that is listened on, or for all addresses the first one of this machine that is not internal',
    }),
    logLevel: oneOf('galileo_logging_level', logLevels, { fallback: 'INFO', doc: 'least level that is logged' }),
    metricsListen: optionalAddress('galileo_metrics_listen', {
      doc: 'HOST:PORT of the Prometheus endpoint /metrics; none if unset',
    }),
  };
}

/** What `commonVariables` gives. */
export type CommonVariables = ReturnType<typeof commonVariables>;
