import { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { withoutSecrets } from './redaction.ts';

export type { Logger } from 'pino';

/** Names of Python's logging levels, which the original's variable takes, beside pino's own. */
export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'FATAL', 'CRITICAL', 'SILENT'] as const;

export type LogLevel = (typeof logLevels)[number];

const pinoLevels: Readonly<Record<string, string>> = { WARNING: 'warn', CRITICAL: 'fatal' };

type Child = (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => Logger;

/** Makes a service's log: JSON lines on stdout (or `destination`), secrets redacted. */
export function createLog(service: string, level: LogLevel, destination?: DestinationStream): Logger {
  const log = pino(
    {
      level: pinoLevels[level] ?? level.toLowerCase(),
      base: { service },
      formatters: { log: fields => withoutSecrets(fields) as Record<string, unknown> },
      // Errors are read after the formatter; one may carry the options of a connection.
      serializers: { err: (error: Error) => withoutSecrets({ ...stdSerializers.err(error) }) },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  // What is bound to a child does not pass the formatter; children inherit this.
  const child: Child = log.child;
  const redacting: Child = function (bindings, options) {
    return child.call(this, withoutSecrets(bindings) as Bindings, options);
  };
  log.child = redacting as unknown as Logger['child'];
  return log;
}
