// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { distributions } from '@galileo/workload';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { file, parsed, problems } from '../test/least-file.ts';
import { environmentNames, parseExperiment } from './parse.ts';
import { replicasOf } from './spec.ts';

const design = `
name: pi-profile
seed: 42                         # a comment with \${env:NOT_A_REFERENCE}
duration: 60s
warmup: 5s
services:
  - name: pi
    replicas: [{ node: node-a, zone: main, count: 2, weight: 3 }, { node: node-b, zone: main, count: 1 }]
    process: { command: [node, examples/apps/pi.ts], port: auto }
    kubernetes: { image: registry/pi:1.0, port: 8080, resources: { limits: { cpu: 1, memory: 128Mi } }, env: { A: "1" } }
workloads:
  - service: pi
    zone: main
    clients: 4
    worker_labels: { galileo_zone: main }
    request: { method: GET, path: /function/pi/digits?n=2000 }
    arrival: { distribution: expovariate, parameters: [25] }
telemetry: { nodes: [node-a, node-b], period: 500ms }
thresholds: [ "latency.p99 < 200ms", "errors < 1%", "cpu(pi) < 80%" ]
`;

describe('a good experiment file', () => {
  it('becomes the whole spec', () => {
    expect(parsed(design)).toEqual({
      name: 'pi-profile',
      seed: 42,
      duration: 60,
      warmup: 5,
      services: [
        {
          name: 'pi',
          replicas: [
            { node: 'node-a', zone: 'main', count: 2, weight: 3 },
            { node: 'node-b', zone: 'main', count: 1, weight: 1 },
          ],
          process: { command: ['node', 'examples/apps/pi.ts'], port: 'auto', env: {}, ready: { path: undefined, timeout: 30 } },
          external: undefined,
          kubernetes: {
            image: 'registry/pi:1.0',
            port: 8080,
            resources: { requests: {}, limits: { cpu: '1', memory: '128Mi' } },
            env: { A: '1' },
          },
        },
      ],
      workloads: [
        {
          service: 'pi',
          zone: 'main',
          clients: 4,
          workerLabels: { galileo_zone: 'main' },
          request: {
            ...{
              method: 'GET',
              path: '/function/pi/digits?n=2000',
              headers: {},
              body: undefined,
              templated: false,
              rows: undefined,
            },
            ...{ timeout: 60, connectTimeout: undefined, firstByteTimeout: undefined, connections: 'reuse' },
          },
          arrival: { kind: 'distribution', name: 'expovariate', parameters: [25] },
        },
      ],
      telemetry: { nodes: ['node-a', 'node-b'], period: 0.5 },
      thresholds: ['latency.p99 < 200ms', 'errors < 1%', 'cpu(pi) < 80%'],
    });
  });

  it('gets defaults for what it leaves out', () => {
    const spec = parsed(file(), { randomSeed: () => 7 });
    expect(spec).toMatchObject({ seed: 7, warmup: 0, telemetry: { nodes: [], period: 0.5 }, thresholds: [] });
    expect(spec.services[0]).toEqual({
      name: 'pi',
      replicas: [{ node: 'local', zone: 'main', count: 1, weight: 1 }],
      process: { command: ['node', 'pi.ts'], port: 'auto', env: {}, ready: { path: undefined, timeout: 30 } },
      external: undefined,
      kubernetes: undefined,
    });
    expect(spec.workloads[0]).toMatchObject({
      zone: 'main',
      clients: 1,
      workerLabels: {},
      request: { method: 'GET', timeout: 60 },
    });
  });

  it('draws another seed for each run if it has none', () => {
    const seeds = new Set(Array.from({ length: 5 }, () => parsed(file()).seed));
    expect(seeds.size).toBe(5);
    expect([...seeds].every(seed => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    expect(parsed(file({ head: 'seed: 9007199254740991' })).seed).toBe(Number.MAX_SAFE_INTEGER);
  });

  const arrivals: [written: string, arrival: object][] = [
    ['{ distribution: expovariate, parameters: [25] }', { kind: 'distribution', name: 'expovariate', parameters: [25] }],
    ['{ distribution: triangular }', { kind: 'distribution', name: 'triangular', parameters: [] }],
    [
      '{ distribution: gauss, parameters: [0.1, 0.02], requests: 5 }',
      { kind: 'distribution', name: 'gauss', parameters: [0.1, 0.02], requests: 5 },
    ],
    ['{ ticks: [10, 0, 40], interval: 10s }', { kind: 'ticks', rates: [10, 0, 40], interval: 10 }],
    ['{ ticks: [0.5], interval: 1m, requests: 3 }', { kind: 'ticks', rates: [0.5], interval: 60, requests: 3 }],
    ['{ requests: 1000, constant: 0.02 }', { kind: 'distribution', name: 'constant', parameters: [0.02], requests: 1000 }],
    ['{ constant: 20ms }', { kind: 'distribution', name: 'constant', parameters: [0.02] }],
    ['{ concurrency: 8 }', { kind: 'loop', concurrency: 8 }],
    ['{ concurrency: 8, requests: 100 }', { kind: 'loop', concurrency: 8, requests: 100 }],
    ['{ requests: 100 }', { kind: 'loop', concurrency: 1, requests: 100 }],
    ['{ constant: 0, requests: 10 }', { kind: 'distribution', name: 'constant', parameters: [0], requests: 10 }],
  ];
  it.each(arrivals)('may have the arrival process %s', (written, arrival) => {
    expect(parsed(file({ arrival: written })).workloads[0]!.arrival).toEqual(arrival);
  });

  const limits: [written: string, limit: object | undefined][] = [
    ['{ constant: 20ms, max_in_flight: 100 }', { maxInFlight: 100, whenFull: 'queue' }],
    ['{ distribution: expovariate, parameters: [25], max_in_flight: 1, when_full: drop }', { maxInFlight: 1, whenFull: 'drop' }],
    ['{ profile: sine, max_rps: 5, period: 3s, max_in_flight: 2, when_full: queue }', { maxInFlight: 2, whenFull: 'queue' }],
    ['{ constant: 20ms }', undefined],
    ['{ concurrency: 2 }', undefined],
  ];
  it.each(limits)('may limit the requests on the way of %s', (written, limit) => {
    const [workload] = parsed(file({ arrival: written })).workloads;
    expect(workload!.limit).toEqual(limit);
    expect(workload!.arrival).not.toHaveProperty('limit');
    expect(JSON.stringify(workload!.arrival)).not.toContain('max_in_flight');
  });

  it('may choose how load clients await requests', () => {
    expect(parsed(file({ end: 'pacing: eco' })).pacing).toBe('eco');
    expect(parsed(file()).pacing).toBeUndefined();
  });

  it('may name each distribution with its example', () => {
    for (const { name, example } of distributions) {
      const arrival = `{ distribution: ${name}, parameters: [${example.join(', ')}] }`;
      expect(parsed(file({ arrival })).workloads[0]!.arrival).toEqual({ kind: 'distribution', name, parameters: example });
    }
  });

  it('may hold a body as text or as a value', () => {
    const text = parsed(file({ request: '{ method: POST, path: /, body: "a\\nb" }' })).workloads[0]!.request;
    expect(text).toMatchObject({ body: 'a\nb' });
    const json = parsed(file({ request: '{ method: POST, path: /, json: { a: [1, true, null] } }' })).workloads[0]!.request;
    expect(json).toMatchObject({ body: '{"a":[1,true,null]}', headers: { 'Content-Type': 'application/json' } });
    const typed = parsed(file({ request: '{ path: /, json: 1, headers: { content-type: text/x } }' })).workloads[0]!.request!;
    expect(typed).toMatchObject({ body: '1', headers: { 'content-type': 'text/x' } });
  });

  it('may have its requests made by an app', () => {
    const workload = 'app: { name: shop, parameters: { items: [tea, 2.5], deep: { a: null } } }';
    const text = file({ workload }).replace(/ +request: .*\n/, '');
    const { app, request } = parsed(text).workloads[0]!;
    expect([app, request]).toEqual([{ name: 'shop', parameters: { items: ['tea', 2.5], deep: { a: null } } }, undefined]);
    expect(parsed(text.replace(/, parameters.*$/m, ' }')).workloads[0]!.app).toEqual({ name: 'shop', parameters: {} });
  });

  it('has one name per replica, counted over the whole service', () => {
    expect(replicasOf(parsed(design).services[0]!)).toEqual([
      { name: 'pi-0', node: 'node-a', zone: 'main', weight: 3 },
      { name: 'pi-1', node: 'node-a', zone: 'main', weight: 3 },
      { name: 'pi-2', node: 'node-b', zone: 'main', weight: 1 },
    ]);
  });

  it('may share parts through anchors', () => {
    const text = file({ end: 'thresholds: [&t "errors < 1%", *t]' });
    expect(parsed(text).thresholds).toEqual(['errors < 1%', 'errors < 1%']);
  });
});

describe('any text at all', () => {
  it('is read or refused, and nothing is thrown', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      '-',
      '"',
      '&a ',
      '*a',
      '\n',
      '  ',
      '#',
      '!',
      '~',
      '.nan',
      '1e999',
      '${env:A}',
      '${env:',
      '\t',
    ];
    const edit = fc.record({
      at: fc.nat(design.length),
      cut: fc.nat(30),
      put: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), edits => {
        const text = edits.reduce((before, { at, cut, put }) => before.slice(0, at) + put + before.slice(at + cut), design);
        const result = parseExperiment(text, { fileName: 'pi.yaml', environment: { A: 'a' }, runner: 'process' });
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        const lines = text.split('\n').length;
        for (const { line, column, message } of result.problems) {
          expect(line >= 1 && line <= lines && column >= 1 && message !== '').toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the process runner', () => {
  it('needs a process, which other runners do not', () => {
    const text = file({ service: 'kubernetes: { image: x }' });
    expect(problems(text)).toEqual([]);
    expect(problems(text, { runner: 'process' })).toEqual([
      'pi.yaml:5:5: services[0].process: is missing; allowed: a mapping with a command, since replicas are started as processes, or instead of it external with addresses',
    ]);
    expect(problems(file({ service: '' }), { runner: 'process' })).toHaveLength(1);
    expect(problems(file(), { runner: 'process' })).toEqual([]);
  });

  it('takes replicas that run already instead, but not both', () => {
    const external = 'external: { addresses: ["[::1]:80"], ready: { path: /health, timeout: 2s } }';
    const { services } = parsed(file({ service: external }), { runner: 'process' });
    expect(services[0]).toMatchObject({
      process: undefined,
      external: { addresses: ['[::1]:80'], ready: { path: '/health', timeout: 2 } },
    });
    const both = file({ service: `process: { command: [a] }\n    ${external}` });
    expect(problems(both)).toEqual([]);
    expect(problems(both, { runner: 'process' })).toEqual([
      'pi.yaml:7:15: services[0].external: found external beside process; allowed: one of them',
    ]);
  });

  it('can not give one port to several replicas', () => {
    const one = 'process: { command: [a], port: 9000 }';
    expect(problems(file({ service: one }), { runner: 'process' })).toEqual([]);
    const two = file({ service: `replicas: [{ count: 1 }, { count: 2 }]\n    ${one}` });
    expect(problems(two)).toEqual([]);
    expect(problems(two, { runner: 'process' })).toEqual([
      'pi.yaml:7:36: services[0].process.port: found 9000 for 3 replicas on one machine; allowed: auto',
    ]);
  });
});

describe('values from the environment', () => {
  const secret = 's3cret/value';

  it('are put into any text', () => {
    const text = file({
      head: 'warmup: ${env:WARMUP}',
      service: 'process: { command: [node, "${env:APP}"], env: { KEY: "k-${env:KEY}" } }',
      request: '{ path: /, headers: { Authorization: "Bearer ${env:KEY}" }, json: { key: "${env:KEY}" } }',
    });
    const environment = { WARMUP: '2s', APP: 'app.ts', KEY: secret };
    const result = parseExperiment(text, { fileName: 'pi.yaml', environment });
    expect(result).toMatchObject({ ok: true, environmentNames: ['WARMUP', 'APP', 'KEY'] });
    const spec = parsed(text, { environment });
    expect(spec.warmup).toBe(2);
    expect(spec.services[0]!.process).toMatchObject({ command: ['node', 'app.ts'], env: { KEY: `k-${secret}` } });
    const headers = { Authorization: `Bearer ${secret}` };
    expect(spec.workloads[0]!.request).toMatchObject({ headers, body: `{"key":"${secret}"}` });
  });

  it('are listed by name, without those in comments and keys', () => {
    expect(environmentNames(design)).toEqual([]);
    expect(environmentNames('a: "${env:B} ${env:A}"\n"${env:K}": ${env:B} # ${env:C}\nd: ["${env:D}"]\n')).toEqual([
      'B',
      'A',
      'D',
    ]);
    expect(environmentNames('a: [')).toEqual([]);
  });

  it('have to be there', () => {
    const text = file({ head: 'warmup: ${env:WARMUP}', service: 'process: { command: ["${env:}", "${env:A"] }' });
    expect(problems(text, { environment: { WARMUP: undefined } })).toEqual([
      'pi.yaml:3:9: warmup: found ${env:WARMUP}, and the environment has no WARMUP; allowed: the name of a variable that is set',
      'pi.yaml:6:26: services[0].process.command[0]: found "${env:}"; allowed: ${env:NAME} with a NAME of letters, digits and underscores',
      'pi.yaml:6:37: services[0].process.command[1]: found "${env:A"; allowed: ${env:NAME} with a NAME of letters, digits and underscores',
    ]);
  });

  it('never stand in a message', () => {
    const text = `name: " \${env:S}"
duration: \${env:S}
seed: "\${env:S}"
services:
  - name: \${env:S}
    replicas: [{ node: "\${env:S}", weight: "\${env:S}" }]
    process: { command: "\${env:S}", port: "\${env:S}", ready: { path: "\${env:S}" } }
  - name: \${env:S}
    process: { command: [a] }
workloads:
  - service: x\${env:S}
    clients: "\${env:S}"
    request: { method: "\${env:S}", path: "\${env:S}", headers: { A: "\${env:S}\\r\\n" } }
    arrival: { distribution: "\${env:S}" }
  - service: y
    request: { path: / }
    arrival: "\${env:S}"
thresholds: ["\${env:S} < 1", "cpu(\${env:S}) < 1", "cpu(x\${env:S}) < 1", "errors < \${env:S}"]
`;
    const found = problems(text, { environment: { S: secret } });
    expect(found.length).toBeGreaterThan(18);
    for (const line of found) expect(line).not.toContain('s3cret');
  });
});
