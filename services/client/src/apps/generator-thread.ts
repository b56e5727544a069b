import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { AppSpec } from '../requests/request-spec.ts';
import { type Ask, beatsPerTimeout, cells, type FromThread, type Made, type ThreadData } from './thread-messages.ts';

export interface GeneratorThreadOptions {
  readonly app: AppSpec;
  /** The generator is there; or why it can't be used. */
  onLoaded(problem: string | undefined): void;
  onMade(made: Made): void;
  /** It ended without being told to: why, and the number of the client that was asked last, if one was. */
  onEnd(reason: string, client: number | undefined): void;
  /** The generator has printed a line. */
  onOutput(line: string): void;
}

/** A thread that makes requests. */
export interface GeneratorThread {
  ask(ask: Ask): void;
  end(): void;
}

const youngGeneration = 8;
const longestLine = 1000;

/** The environment without what configures Galileo, its token and passwords among it. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^galileo_/i.test(name)));
}

function startWorker(
  { name, folder, generator, manifest, parameters, timeout, memory }: AppSpec,
  shared: SharedArrayBuffer,
): Worker {
  const workerData: ThreadData = {
    generator: pathToFileURL(join(folder, generator)).href,
    context: { name, path: folder, manifest, parameters },
    timeout,
    shared,
  };
  // Written like this, the bundler finds the program and puts it into the bundle.
  return new Worker(new URL('./thread-program.ts', import.meta.url), {
    workerData,
    env: environment(),
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: youngGeneration },
  });
}

/**
 * Starts a thread with an app's generator. One that shows no sign of life for as long as a request may take is ended: an
 * endless loop can't be ended otherwise.
 */
export function startGeneratorThread(options: GeneratorThreadOptions): GeneratorThread {
  const { app, onLoaded, onMade, onEnd, onOutput } = options;
  const shared = new SharedArrayBuffer(cells.count * Int32Array.BYTES_PER_ELEMENT);
  const state = new Int32Array(shared);
  const worker = startWorker(app, shared);
  // A channel of its own, which the generator can't get hold of, unlike the thread's `parentPort`.
  const { port1: port, port2 } = new MessageChannel();
  worker.postMessage(port2, [port2]);
  let asks: Ask[] = [];
  let loaded = false;
  let ended = false;
  let reason: string | undefined;

  // The signs are counted by ticks and not by the clock, so that nothing happens to a process that was stopped for a while.
  let seen = 0;
  let missed = 0;
  const watch = setInterval(
    () => {
      const beats = Atomics.load(state, cells.beats);
      missed = beats > 0 && beats === seen ? missed + 1 : 0;
      seen = beats;
      if (missed <= beatsPerTimeout) return;
      reason ??= loaded ? `nextRequest gave no answer within ${app.timeout} s` : `it was not loaded within ${app.timeout} s`;
      void worker.terminate();
    },
    (app.timeout * 1000) / beatsPerTimeout,
  );

  for (const stream of [worker.stdout, worker.stderr]) {
    createInterface({ input: stream }).on('line', line => onOutput(line.slice(0, longestLine)));
  }
  function take(message: FromThread): void {
    if (message.kind === 'loaded') {
      loaded = true;
      onLoaded(message.problem);
      return;
    }
    for (const made of message.made) onMade(made);
  }
  port.on('message', (message: FromThread) => {
    if (!ended) take(message);
  });
  worker.on('error', (error: NodeJS.ErrnoException) => {
    const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    reason ??= isMemory ? `it needs more than ${app.memory} MB of memory` : `it threw ${error?.name}: ${error?.message}`;
  });
  worker.on('exit', code => {
    clearInterval(watch);
    // What it sent at last may still be on the way.
    for (let last = receiveMessageOnPort(port); last !== undefined && !ended; last = receiveMessageOnPort(port))
      take(last.message);
    port.close();
    if (ended) return;
    ended = true;
    const asked = Atomics.load(state, cells.asked);
    onEnd(reason ?? `it ended its thread with code ${code}`, asked === 0 ? undefined : asked - 1);
  });

  return {
    ask(ask) {
      // Many clients ask at the same time: one message carries it all.
      if (asks.push(ask) > 1) return;
      queueMicrotask(() => {
        port.postMessage(asks);
        asks = [];
      });
    },
    end() {
      ended = true;
      clearInterval(watch);
      void worker.terminate();
    },
  };
}
