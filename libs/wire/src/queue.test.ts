import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeQueueItem, encodeQueuedExperiment, findQueued, poisonItem, popQueueItem } from './queue.ts';

const type = '"__type": "galileodb.model.QueuedExperiment"';

describe('items of the experiment queue', () => {
  it('are read in object form, with what they lack', () => {
    const text = `{"experiment": {"id": null, "name": "n"}, "configuration": {"duration": "4", "interval": 2, "workloads": [{"service": "s", "ticks": [1, 2.0], "clients_per_host": 1, "arrival_pattern": "constant"}]}, ${type}}`;
    expect(decodeQueueItem(text)).toEqual({
      ok: true,
      value: {
        kind: 'experiment',
        queued: {
          experiment: { id: null, name: 'n', creator: null, start: null, end: null, created: null, status: null },
          configuration: {
            duration: 4,
            interval: 2,
            workloads: [
              { service: 's', ticks: [1, 2], clientsPerHost: 1, arrivalPattern: 'constant', client: null, clientParameters: {} },
            ],
          },
        },
      },
    });
  });

  it('may be the end of the daemon', () => {
    expect(poisonItem).toBe('"__POISON__"');
    expect(decodeQueueItem(poisonItem)).toEqual({ ok: true, value: { kind: 'poison' } });
    expect(popQueueItem).toEqual(['BRPOP', '__eventbus:global:galileo:experiments:queue', '0']);
  });

  test.each([
    ['no JSON', 'DELETE', 'not JSON: no value where one is expected'],
    ['no type', '{"__obj": [null, [4, 2, []]]}', '__type is not galileodb.model.QueuedExperiment'],
    ['no configuration', `{"__obj": [null], ${type}}`, 'configuration is missing'],
    ['a short configuration', `{"__obj": [null, [4, 2]], ${type}}`, 'configuration.workloads is missing'],
    [
      'a broken workload',
      `{"__obj": [null, [4, 2, [["s", "x", 1, "c", null, {}]]]], ${type}}`,
      'configuration.workloads.ticks is not an array',
    ],
    ['a broken time', `{"__obj": [{"start": "soon"}, [4, 2, []]], ${type}}`, 'experiment.start is not a number'],
  ])('with %s are malformed', (_, text, reason) => {
    expect(decodeQueueItem(text)).toEqual({ ok: false, reason });
  });

  it('are found by the experiment', () => {
    const configuration = { duration: 4, interval: 2, workloads: [] };
    const row = (id: string) => ({ id, name: null, creator: null, start: null, end: null, created: 2, status: 'QUEUED' });
    const items = [
      poisonItem,
      'x',
      ...[null, row('a'), row('b')].map(experiment => encodeQueuedExperiment({ experiment, configuration })),
    ];
    expect(items[3]).toContain('"created": 2.0');
    expect(['a', 'b', 'c'].map(id => findQueued(items, id))).toEqual([3, 4, -1]);
  });

  it('never make it throw', () => {
    fc.assert(fc.property(fc.json(), text => decodeQueueItem(text.replace(/^\{/, `{${type}, `)) !== undefined));
  });
});
