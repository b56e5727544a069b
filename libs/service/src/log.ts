import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Properties that never reach a log, at the top or one level below it. */
const secretKeys = ['token', 'password', 'authorization', 'secret', 'environment'];

/** Names of Python's logging levels, which the original's variable takes, beside pino's own. */
export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'FATAL', 'CRITICAL', 'SILENT'] as const;

const pinoLevels: Readonly<Record<string, string>> = { WARNING: 'warn', CRITICAL: 'fatal' };

/** Makes a service's log: JSON lines on stdout (or `destination`), secrets redacted. */
export function createLog(service: string, level: (typeof logLevels)[number], destination?: DestinationStream): Logger {
  return pino(
    {
      level: pinoLevels[level] ?? level.toLowerCase(),
      base: { service },
      redact: { paths: secretKeys.flatMap(key => [key, `*.${key}`]), censor: '[redacted]' },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}
