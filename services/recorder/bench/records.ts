import type { Producer } from '@galileo/reconcile';
import type { Clock } from '@galileo/service';
import { encodeHeaderMembers, encodeHeaders } from '@galileo/wire';

/** Gives records to a producer, `perTick` of them at a time. */
export interface Source {
  readonly perTick: number;
  tick(): void;
}

/** Topics of a node that are sampled at one time, as by the telemetry agent of a node with some containers. */
const metrics = [
  'cpu',
  'freq',
  'load1',
  'ram',
  'docker_cgrp_cpu',
  'docker_cgrp_memory',
  'docker_cgrp_net',
  'rd',
  'wr',
  'psi_cpu',
];
const subsystems = 10;

/** Samples of 100 topics per tick. */
export function samplesOf(producer: Producer, node: string, clock: Clock): Source {
  const topics = metrics.flatMap(metric => Array.from({ length: subsystems }, (_, i) => ({ metric, subsystem: `c0ffee${i}` })));
  let newest = 0;
  let ticks = 0;
  return {
    perTick: topics.length,
    tick() {
      // A key is never published twice, so a time is never taken twice: lines tell tenths of a microsecond.
      const timestamp = Math.max(clock.now(), newest + 1e-6);
      newest = timestamp;
      ticks++;
      for (let i = 0; i < topics.length; i++) {
        const { metric, subsystem } = topics[i]!;
        producer.telemetry({ node, metric, subsystem, timestamp, value: ((ticks * 7919 + i * 104_729) % 1_000_003) / 8 });
      }
    },
  };
}

const clients = 20;

/** Traces of 20 client instances whose lines have 700 bytes. */
export function tracesOf(producer: Producer, node: string, clock: Clock, token: (client: number) => string): Source {
  const instances = Array.from({ length: clients }, (_, i) => ({ clientId: `${node}:pi:${i}`, service: 'pi', token: token(i) }));
  for (const instance of instances) producer.openClient(instance);
  const target = encodeHeaderMembers({
    Server: 'nginx/1.22.1',
    'Content-Type': 'application/json',
    'X-Final-Host': '10.0.1.17:4001',
  });
  const response = 'r'.repeat(277);
  let counter = 0;
  return {
    perTick: clients,
    tick() {
      counter++;
      const created = clock.now();
      const times = { released: created + 1e-4, connected: created - 1, firstByte: created + 0.01 };
      const headers = encodeHeaders(target, { ...times, error: null, bytes: response.length, replica: null });
      for (const { clientId, service, token } of instances) {
        producer.trace({
          ...{ requestId: `${token}:${counter}`, client: clientId, service },
          ...{ created, sent: created + 2e-4, done: created + 0.0105, status: 200, server: '10.0.0.1:8080', expId: null },
          ...{ headers, response },
        });
      }
    },
  };
}
