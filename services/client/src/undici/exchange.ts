import type { Dispatcher } from 'undici';
import type { Answer, GiveUp, OutgoingRequest } from '../sender.ts';
import { type Connection, StaleConnectionError } from './connection.ts';
import { errorKind } from './error-kind.ts';
import type { HostPool } from './host-pool.ts';
import { headerRecord } from './raw-headers.ts';

export interface ExchangeOptions {
  readonly pool: HostPool;
  readonly request: OutgoingRequest;
  /** Bytes of the body that are kept; 0 for none. */
  readonly keepBody: number;
  /** UNIX seconds. */
  now(): number;
  done(answer: Answer): void;
}

/** Carries one request over one connection of a pool. Returns what gives it up. */
export function exchange({ pool, request, keepBody, now, done }: ExchangeOptions): GiveUp {
  let connection: Connection | undefined;
  let connected: number | null = null;
  let sent = -1;
  let firstByte: number | null = null;
  let status = -1;
  let headers: Record<string, string> | null = null;
  let bytes = 0;
  const body: Buffer[] = [];
  let kept = 0;
  let settled = false;
  let withdraw = () => {};

  function finish(error: string | null): void {
    settled = true;
    clearTimeout(timer);
    done({
      connected,
      sent,
      firstByte,
      done: now(),
      status: error === null ? status : -1,
      headers,
      body: keepBody > 0 && error === null ? Buffer.concat(body) : null,
      bytes: firstByte === null ? null : bytes,
      error,
    });
  }

  const giveUp: GiveUp = kind => {
    if (settled) return;
    withdraw();
    finish(kind);
    connection?.destroy();
  };
  const timer = setTimeout(giveUp, request.timeout * 1000, 'timeout');

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {
      sent = now();
    },
    onResponseStarted() {
      firstByte ??= now();
    },
    onResponseStart(controller, code) {
      status = code;
      headers = headerRecord(controller.rawHeaders as Buffer[]);
    },
    onResponseData(_controller, chunk) {
      bytes += chunk.length;
      if (kept >= keepBody) return;
      const part = chunk.subarray(0, keepBody - kept);
      kept += part.length;
      body.push(part);
    },
    onResponseEnd() {
      if (settled) return;
      pool.release(connection!);
      finish(null);
    },
    onResponseError(_controller, error) {
      if (settled) return;
      connection?.destroy();
      // It ended unnoticed while it was idle, and nothing was written to it.
      if (error instanceof StaleConnectionError && sent < 0) acquire();
      else finish(errorKind(error));
    },
  };

  function acquire(): void {
    connection = undefined;
    withdraw = pool.acquire({
      ready(acquired) {
        connection = acquired;
        connected = acquired.used ? null : acquired.established;
        acquired.used = true;
        const { method, path, headers: fields, body: payload } = request;
        acquired.client.dispatch({ method, path, headers: fields, body: payload ?? null }, handler);
      },
      failed: error => finish(errorKind(error)),
    });
  }

  acquire();
  return giveUp;
}
