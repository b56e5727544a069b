import type { Producer } from '@galileo/reconcile';
import { formatEvent, formatTelemetry, telemetryChannel } from '@galileo/wire';
import type { Draw } from './random.ts';

/** Seconds between two ticks. */
export const tickLength = 0.01;

/** Something to tell the producer. */
interface Step {
  /** What a record is known by; undefined if this makes none. */
  readonly identity?: string;
  give(producer: Producer): void;
}

/** What a producer makes, tick by tick. */
export interface Load {
  /** What is due at a tick; `time` is the tick's own, UNIX seconds. */
  tick(time: number): Step[];
  /** What of the ticks before is due only now; nothing new is begun. */
  drain(time: number): Step[];
  /** Is nothing under way? */
  readonly idle: boolean;
}

/** What records are known by, in the files of producers and in the audit: the key by which each is stored once. */
export const identities = {
  trace: (requestId: string) => `trace ${requestId}`,
  telemetry: (channel: string, line: string) => `telemetry ${channel} ${line}`,
  event: (line: string) => `event ${line}`,
};

/** Client instances that send requests at a time, how long each is there, and how long a request takes, seconds. */
const clientsAtOnce = 4;
const clientLife = [0.5, 4] as const;
const requestLife = [0, 0.2] as const;
/** Of one request in so many no record is made. */
const unrecordedOf = 50;

/** Requests of client instances that come and go, `rate` per second; they do not end in the order in which they begin. */
export function traceLoad(node: string, rate: number, draw: Draw, newToken: () => string): Load {
  let clients: { clientId: string; service: string; token: string; until: number; counter: number }[] = [];
  let underway: { due: number; step: Step }[] = [];
  let names = 0;
  let owed = 0;

  const begin = (created: number) => {
    const client = draw.pick(clients);
    const { token, clientId, service } = client;
    const counter = ++client.counter;
    const due = created + draw.between(...requestLife);
    if (draw.whole(1, unrecordedOf) === 1) {
      underway.push({ due, step: { give: producer => producer.unrecorded(token, counter) } });
      return;
    }
    const requestId = `${token}:${counter}`;
    const trace = { requestId, client: clientId, service, created, sent: created + 0.0001, done: due, status: 200 };
    const texts = { server: '127.0.0.1:8080', expId: null, headers: '{"Galileo-Bytes": "12", "Server": "test"}', response: null };
    const give = (producer: Producer) => producer.trace({ ...trace, ...texts });
    underway.push({ due, step: { identity: identities.trace(requestId), give } });
  };

  const drain = (time: number): Step[] => {
    const ended = underway.filter(({ due }) => due <= time);
    underway = underway.filter(({ due }) => due > time);
    return ended.map(({ step }) => step);
  };

  return {
    tick(time) {
      const opened: Step[] = [];
      clients = clients.filter(({ until }) => until > time);
      while (clients.length < clientsAtOnce) {
        const until = time + draw.between(...clientLife);
        const client = { clientId: `${node}:pi:${names++}`, service: 'pi', token: newToken(), until, counter: 0 };
        clients.push(client);
        opened.push({ give: producer => producer.openClient(client) });
      }
      for (owed += rate * tickLength; owed >= 1; owed--) begin(time);
      return [...opened, ...drain(time)];
    },
    drain,
    get idle() {
      return underway.length === 0;
    },
  };
}

/** Ticks between two samples that no store takes, and between two events. */
const rejectedEvery = 100;
const eventEvery = 40;

/** Samples of a node, `rate` per second, and a few events. */
export function telemetryLoad(node: string, rate: number, draw: Draw): Load {
  let ticks = 0;
  let owed = 0;

  const sample = (timestamp: number, number: number, value: number): Step => {
    const key = { node, metric: 'cpu', subsystem: `${number}` };
    const identity = identities.telemetry(telemetryChannel(node, key.metric, key.subsystem), formatTelemetry(timestamp, value));
    return { identity, give: producer => producer.telemetry({ ...key, timestamp, value }) };
  };
  const event = (timestamp: number): Step => {
    // Whose an event is follows from its name: no other producer uses it.
    const made = { timestamp, name: `scaled-${node}`, value: JSON.stringify({ tick: ticks }) };
    return { identity: identities.event(formatEvent(made)), give: producer => producer.event(made) };
  };

  return {
    tick(time) {
      ticks++;
      const steps = ticks % eventEvery === 0 ? [event(time)] : [];
      owed += rate * tickLength;
      for (let number = 0; owed >= 1; owed--, number++) {
        const rejected = ticks % rejectedEvery === 0 && number === 0;
        steps.push(sample(time, number, rejected ? Number.NaN : draw.between(0, 100)));
      }
      return steps;
    },
    drain: () => [],
    idle: true,
  };
}
