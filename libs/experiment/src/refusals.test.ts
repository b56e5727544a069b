// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { distributions } from '@galileo/workload';
import { describe, expect, it } from 'vitest';
import { file, problems } from '../test/least-file.ts';

describe('a bad experiment file', () => {
  const duration = 'a duration such as 500ms, 60s, 1m30s or 1h, or a number of seconds';
  const nameRule = 'a name of at most 50 letters, digits, dots, dashes and underscores, a letter or digit first';
  const process = 'process: { command: [a] }';

  const table: [why: string, text: string, wanted: string[]][] = [
    ['it is empty', '', ['pi.yaml:1:1: found nothing in pi.yaml; allowed: an experiment']],
    ['it is a list', '- 1', ['pi.yaml:1:1: found a list; allowed: a mapping with the keys name, seed, duration,']],
    ['it is no YAML', 'name: [', ['pi.yaml:1:8: this is not valid YAML: Flow sequence']],
    [
      'a reference in braces has no quotes',
      file({ service: 'process: { command: [node, ${env:APP}] }' }),
      ['pi.yaml:6:33: this is not valid YAML: '],
    ],
    ['a key is there twice', file({ head: 'name: again' }), ['pi.yaml:3:1: name: found the key a second time; allowed: once']],
    [
      'a key is unknown',
      file({ head: 'colour: red' }),
      ['pi.yaml:3:1: colour: found an unknown key; allowed: name, seed, duration, warmup, services,'],
    ],
    [
      'a key is misspelt',
      file({ service: `replicas: [{ wieght: 3 }]\n    ${process}` }),
      [
        'pi.yaml:6:18: services[0].replicas[0].wieght: found an unknown key; did you mean "weight"? allowed: node, zone, count, weight',
      ],
    ],
    [
      'the duration is missing',
      file().replace('duration: 10s', ''),
      [`pi.yaml:1:1: duration: is missing; allowed: ${duration}, at least 1ms`],
    ],
    [
      'the duration is negative',
      file().replace('10s', '-10s'),
      [`pi.yaml:2:11: duration: found "-10s"; allowed: ${duration}, at least 1ms`],
    ],
    ['the duration is zero', file().replace('10s', '0s'), ['pi.yaml:2:11: duration: found "0s"; allowed: a duration']],
    ['the duration is a negative number', file().replace('10s', '-3'), ['pi.yaml:2:11: duration: found -3; allowed: a duration']],
    ['the duration is infinite', file().replace('10s', '.inf'), ['pi.yaml:2:11: duration: found .inf; allowed: a duration']],
    ['the duration has no value', file().replace('10s', ''), ['pi.yaml:2:11: duration: found nothing; allowed: a duration']],
    [
      'the duration has another unit',
      file().replace('10s', '10 days'),
      ['pi.yaml:2:11: duration: found "10 days"; allowed: a duration'],
    ],
    [
      'the warm-up takes all',
      file({ head: 'warmup: 10' }),
      ['pi.yaml:3:9: warmup: found 10; allowed: less than the duration, "10s"'],
    ],
    [
      'the seed is no whole number',
      file({ head: 'seed: 1.5' }),
      ['pi.yaml:3:7: seed: found 1.5; allowed: a whole number from 0 to 9007199254740991'],
    ],
    [
      'the seed is too large',
      file({ head: 'seed: 9007199254740993' }),
      ['pi.yaml:3:7: seed: found 9007199254740993; allowed: a whole'],
    ],
    ['the name is too long', file().replace('least', 'x'.repeat(101)), ['pi.yaml:1:7: name: found "xxx']],
    [
      'there is no service',
      'name: x\nduration: 1\nservices: []\nworkloads: []',
      ['pi.yaml:3:11: services: found a list; allowed: a list of services, not empty', 'pi.yaml:4:12: workloads: found a list'],
    ],
    [
      'a service is named twice',
      file({ service: `${process}\n  - name: pi\n    ${process}` }),
      ['pi.yaml:7:11: services[1].name: found "pi" a second time; allowed: once'],
    ],
    [
      'a name has a comma',
      file().replace('name: pi', 'name: "p,i"'),
      [`pi.yaml:5:11: services[0].name: found "p,i"; allowed: ${nameRule}`, 'pi.yaml:8:14: workloads[0].service: found "pi"'],
    ],
    [
      'a name has white space',
      file({ service: `replicas: [{ node: "a b" }]\n    ${process}` }),
      [`pi.yaml:6:24: services[0].replicas[0].node: found "a b"; allowed: ${nameRule}`],
    ],
    [
      'a name has a slash',
      file({ service: `replicas: [{ zone: a/b }]\n    ${process}` }),
      [`pi.yaml:6:24: services[0].replicas[0].zone: found "a/b"; allowed: ${nameRule}`],
    ],
    [
      'a name is too long',
      file({ end: `telemetry: { nodes: [${'n'.repeat(51)}] }` }),
      ['pi.yaml:12:22: telemetry.nodes[0]: found "nnn'],
    ],
    [
      'a name is a number',
      file({ end: 'telemetry: { nodes: [7] }' }),
      [`pi.yaml:12:22: telemetry.nodes[0]: found 7; allowed: ${nameRule}, here "7" in quotes`],
    ],
    [
      'a service is called as the load client',
      file().replaceAll(/\bpi$/gm, 'client'),
      ['pi.yaml:5:11: services[0].name: found "client"; allowed: another name'],
    ],
    [
      'a service can be started by nothing',
      file({ service: '' }),
      ['pi.yaml:5:5: services[0]: found none of process, external and kubernetes; allowed: at least one of them'],
    ],
    [
      'a weight is negative',
      file({ service: `replicas: [{ weight: -1 }]\n    ${process}` }),
      ['pi.yaml:6:26: services[0].replicas[0].weight: found -1; allowed: 0, or a number from 0.001'],
    ],
    [
      'a weight is NaN',
      file({ service: `replicas: [{ weight: .nan }]\n    ${process}` }),
      ['pi.yaml:6:26: services[0].replicas[0].weight: found .nan; allowed: 0, or a number'],
    ],
    [
      'a weight is too small to count',
      file({ service: `replicas: [{ weight: 0.0001 }]\n    ${process}` }),
      [
        'pi.yaml:6:26: services[0].replicas[0].weight: found 0.0001; allowed: 0, or a number from 0.001 to 1000000: three decimals count',
      ],
    ],
    [
      'all weights are zero',
      file({ service: `replicas: [{ weight: 0 }, { weight: 0 }]\n    ${process}` }),
      ['pi.yaml:6:15: services[0].replicas: found no weight above 0; allowed: at least one'],
    ],
    [
      'a count is zero',
      file({ service: `replicas: [{ count: 0 }]\n    ${process}` }),
      ['pi.yaml:6:25: services[0].replicas[0].count: found 0; allowed: a whole number from 1 to 1000'],
    ],
    [
      'there are no replicas',
      file({ service: `replicas: []\n    ${process}` }),
      ['pi.yaml:6:15: services[0].replicas: found a list; allowed: a list of replicas, not empty'],
    ],
    [
      'a command is one text',
      file({ service: 'process: { command: node pi.ts --fast }' }),
      [
        'pi.yaml:6:25: services[0].process.command: found "node pi.ts --fast"; allowed: a list of words such as [node, examples/apps/pi.ts], not empty, here [node, pi.ts, --fast]',
      ],
    ],
    [
      'a command is empty',
      file({ service: 'process: { command: [] }' }),
      ['pi.yaml:6:25: services[0].process.command: found a list; allowed: a list of words'],
    ],
    [
      'a port is none',
      file({ service: 'process: { command: [a], port: any }' }),
      ['pi.yaml:6:36: services[0].process.port: found "any"; allowed: auto, or a whole number from 1 to 65535'],
    ],
    [
      'a variable is a number',
      file({ service: 'process: { command: [a], env: { A: 8080 } }' }),
      ['pi.yaml:6:40: services[0].process.env.A: found 8080; allowed: text, here "8080" in quotes'],
    ],
    [
      'the variable PORT is set',
      file({ service: 'process: { command: [a], env: { PORT: "1" } }' }),
      [
        'pi.yaml:6:37: services[0].process.env.PORT: found the key "PORT"; allowed: a name of letters, digits and underscores, but not PORT',
      ],
    ],
    [
      'a path for readiness is none',
      file({ service: 'process: { command: [a], ready: { path: health } }' }),
      ['pi.yaml:6:45: services[0].process.ready.path: found "health"; allowed: a path that begins with /'],
    ],
    [
      'a workload has no service',
      file().replace('- service: pi', '- zone: main'),
      ['pi.yaml:8:5: workloads[0].service: is missing; allowed: the name of one of the services'],
    ],
    [
      'a workload calls an unknown service',
      file().replace('service: pi', 'service: pj'),
      ['pi.yaml:8:14: workloads[0].service: found "pj"; did you mean "pi"? allowed: pi'],
    ],
    [
      'there are no clients',
      file({ workload: 'clients: 0' }),
      ['pi.yaml:9:14: workloads[0].clients: found 0; allowed: a whole number from 1 to 100000'],
    ],
    [
      'a label is no text',
      file({ workload: 'worker_labels: { a: true }' }),
      ['pi.yaml:9:25: workloads[0].worker_labels.a: found true; allowed: text, here "true" in quotes'],
    ],
    [
      'a path does not begin with a slash',
      file({ request: '{ path: x }' }),
      ['pi.yaml:10:22: workloads[0].request.path: found "x"; allowed: a path that begins with /'],
    ],
    [
      'a path has white space',
      file({ request: '{ path: "/a b" }' }),
      ['pi.yaml:10:22: workloads[0].request.path: found "/a b"; allowed: a path'],
    ],
    [
      'a method is in small letters',
      file({ request: '{ path: /, method: get }' }),
      ['pi.yaml:10:33: workloads[0].request.method: found "get"; allowed: GET, POST or another'],
    ],
    [
      'a header contradicts the body',
      file({ request: '{ path: /, headers: { Content-Length: "3" } }' }),
      ['pi.yaml:10:36: workloads[0].request.headers.Content-Length: found the key "Content-Length"; allowed: the name'],
    ],
    [
      'a header has two lines',
      file({ request: '{ path: /, headers: { A: "b\\r\\nC: d" } }' }),
      ['pi.yaml:10:39: workloads[0].request.headers.A: found "b\\r\\nC: d"; allowed: text in one line'],
    ],
    [
      'there are two bodies',
      file({ request: '{ path: /, body: a, json: 1 }' }),
      ['pi.yaml:10:40: workloads[0].request.json: found json beside body; allowed: one of them'],
    ],
    [
      'nothing is sent',
      file({}).replace(/ +request: .*\n/, ''),
      ['pi.yaml:8:5: workloads[0].request: is missing; allowed: a mapping with a path, or instead of it app with a name'],
    ],
    [
      'an app is beside a request',
      file({ workload: 'app: { name: shop }' }),
      ['pi.yaml:9:10: workloads[0].app: found app beside request; allowed: one of them'],
    ],
    [
      'an app has the name of a path',
      file({ workload: 'app: { name: ../shop }' }).replace(/ +request: .*\n/, ''),
      ['pi.yaml:9:18: workloads[0].app.name: found "../shop"; allowed: up to 100 letters'],
    ],
    [
      'parameters of an app are a list',
      file({ workload: 'app: { name: shop, parameters: [1] }' }).replace(/ +request: .*\n/, ''),
      ['pi.yaml:9:36: workloads[0].app.parameters: found a list; allowed: a mapping'],
    ],
    [
      'a time-out is zero',
      file({ request: '{ path: /, timeout: 0 }' }),
      ['pi.yaml:10:34: workloads[0].request.timeout: found 0; allowed: a duration'],
    ],
    [
      'a distribution is unknown',
      file({ arrival: '{ distribution: expo, parameters: [25] }' }),
      [
        `pi.yaml:11:30: workloads[0].arrival.distribution: found "expo"; did you mean "expovariate"? allowed: ${distributions.map(entry => entry.name).join(', ')}`,
      ],
    ],
    [
      'a distribution has too many parameters',
      file({ arrival: '{ distribution: expovariate, parameters: [1, 2] }' }),
      ['pi.yaml:11:55: workloads[0].arrival.parameters: expovariate(lambda) takes 1 parameter; found 2'],
    ],
    [
      'a distribution has no parameters',
      file({ arrival: '{ distribution: uniform }' }),
      ['pi.yaml:11:14: workloads[0].arrival.parameters: uniform(a, b) takes 2 parameters; found 0'],
    ],
    [
      'a parameter is out of range',
      file({ arrival: '{ distribution: expovariate, parameters: [-25] }' }),
      ['pi.yaml:11:55: workloads[0].arrival.parameters: expovariate(lambda): lambda: found -25; allowed: a number above 0'],
    ],
    [
      'a parameter is no number',
      file({ arrival: '{ distribution: expovariate, parameters: [fast] }' }),
      ['pi.yaml:11:56: workloads[0].arrival.parameters[0]: found "fast"; allowed: a number'],
    ],
    [
      'no arrival process is named',
      file({ arrival: '{ requests: 5, parameters: [25] }' }),
      ['pi.yaml:11:14: workloads[0].arrival: found none of them; allowed: exactly one of distribution, ticks, constant'],
    ],
    [
      'two arrival processes are named',
      file({ arrival: '{ constant: 1, ticks: [1], interval: 1 }' }),
      ['pi.yaml:11:14: workloads[0].arrival: found ticks and constant; allowed: exactly one of distribution, ticks, constant'],
    ],
    [
      'an arrival process is misspelt',
      file({ arrival: '{ distribtion: gauss }' }),
      ['pi.yaml:11:16: workloads[0].arrival.distribtion: found an unknown key; did you mean "distribution"?'],
    ],
    [
      'an arrival process is a word',
      file({ arrival: 'poisson' }),
      [
        'pi.yaml:11:14: workloads[0].arrival: found "poisson"; allowed: a mapping with exactly one of distribution, ticks, constant',
      ],
    ],
    [
      'a key belongs to another arrival process',
      file({ arrival: '{ constant: 1, interval: 5 }' }),
      ['pi.yaml:11:29: workloads[0].arrival.interval: found an unknown key; allowed: constant, requests'],
    ],
    [
      'a closed loop has an arrival process',
      file({ arrival: '{ concurrency: 8, constant: 1 }' }),
      ['pi.yaml:11:14: workloads[0].arrival: found constant and concurrency; allowed: exactly one of distribution, ticks,'],
    ],
    [
      'a closed loop has no concurrency',
      file({ arrival: '{ concurrency: 0 }' }),
      ['pi.yaml:11:29: workloads[0].arrival.concurrency: found 0; allowed: a whole number from 1 to 100000'],
    ],
    [
      'a closed loop has a limit of its own',
      file({ arrival: '{ concurrency: 8, max_in_flight: 4 }' }),
      ['pi.yaml:11:32: workloads[0].arrival.max_in_flight: found an unknown key; allowed: concurrency, requests'],
    ],
    [
      'there are no requests, without a process',
      file({ arrival: '{ requests: 0 }' }),
      ['pi.yaml:11:26: workloads[0].arrival.requests: found 0; allowed: a whole number from 1'],
    ],
    [
      'an arrival process is misspelt beside a number of requests',
      file({ arrival: '{ requests: 5, constnat: 1 }' }),
      ['pi.yaml:11:29: workloads[0].arrival.constnat: found an unknown key; did you mean "constant"?'],
    ],
    [
      'no request may be on the way',
      file({ arrival: '{ constant: 1, max_in_flight: 0 }' }),
      ['pi.yaml:11:44: workloads[0].arrival.max_in_flight: found 0; allowed: a whole number from 1 to 1000000'],
    ],
    [
      'it says what happens at a limit that there is not',
      file({ arrival: '{ profile: constant, rps: 5, when_full: drop }' }),
      ['pi.yaml:11:54: workloads[0].arrival.when_full: found drop without max_in_flight; allowed: both, or neither'],
    ],
    [
      'nobody knows what happens at a limit',
      file({ arrival: '{ constant: 1, max_in_flight: 3, when_full: wait }' }),
      ['pi.yaml:11:58: workloads[0].arrival.when_full: found "wait"; allowed: queue, drop'],
    ],
    [
      'the pacing is unknown',
      file({ end: 'pacing: exact' }),
      ['pi.yaml:12:9: pacing: found "exact"; allowed: precise, balanced, eco'],
    ],
    [
      'ticks have no interval',
      file({ arrival: '{ ticks: [1] }' }),
      ['pi.yaml:11:14: workloads[0].arrival.interval: is missing; allowed: a duration'],
    ],
    [
      'a tick is negative',
      file({ arrival: '{ ticks: [1, -1], interval: 1 }' }),
      ['pi.yaml:11:27: workloads[0].arrival.ticks[1]: found -1; allowed: a number of requests per second'],
    ],
    [
      'all ticks are zero',
      file({ arrival: '{ ticks: [0, 0], interval: 1 }' }),
      ['pi.yaml:11:23: workloads[0].arrival.ticks: found no rate above 0; allowed: at least one'],
    ],
    [
      'requests come at once without end',
      file({ arrival: '{ constant: 0s }' }),
      ['pi.yaml:11:26: workloads[0].arrival.constant: found 0 without `requests`, which would never end'],
    ],
    [
      'a distribution gives no gaps at all',
      file({ arrival: '{ distribution: uniform, parameters: [0, 0] }' }),
      ['pi.yaml:11:51: workloads[0].arrival.parameters: uniform(0, 0) gives gaps below a microsecond'],
    ],
    [
      'requests are not whole',
      file({ arrival: '{ constant: 1, requests: 1.5 }' }),
      ['pi.yaml:11:39: workloads[0].arrival.requests: found 1.5; allowed: a whole number from 1'],
    ],
    [
      'the period is too short',
      file({ end: 'telemetry: { period: 1ms }' }),
      ['pi.yaml:12:22: telemetry.period: found "1ms"; allowed: a duration'],
    ],
    [
      'a threshold can not be read',
      file({ end: 'thresholds: ["latency.p9x < 1s"]' }),
      ['pi.yaml:12:23: thresholds[0]: found "p9x" in "latency.p9x < 1s"; allowed: mean, min, max, p50,'],
    ],
    [
      'a threshold ends too early',
      file({ end: 'thresholds:\n  - errors <' }),
      ['pi.yaml:13:13: thresholds[0]: found the end of "errors <"; allowed: a share of the requests in %'],
    ],
    [
      'a threshold names an unknown service',
      file({ end: 'thresholds: ["cpu(pj) < 1"]' }),
      ['pi.yaml:12:14: thresholds[0]: found the service "pj" in "cpu(pj) < 1"; did you mean "pi"? allowed: pi'],
    ],
    [
      'a threshold is empty',
      file({ end: 'thresholds: [""]' }),
      ['pi.yaml:12:14: thresholds[0]: found ""; allowed: a condition such as "latency.p99 < 200ms"'],
    ],
    [
      'kubernetes has no image',
      file({ service: 'kubernetes: { port: 80 }' }),
      ['pi.yaml:6:17: services[0].kubernetes.image: is missing; allowed: the name of a container image'],
    ],
    [
      'an external replica has no port',
      file({ service: 'external: { addresses: [10.0.0.1] }' }),
      ['pi.yaml:6:29: services[0].external.addresses[0]: found "10.0.0.1"; allowed: HOST:PORT'],
    ],
    [
      'an external replica has a port that does not exist',
      file({ service: 'external: { addresses: ["a:65536"] }' }),
      ['pi.yaml:6:29: services[0].external.addresses[0]: found "a:65536"; allowed: HOST:PORT'],
    ],
    [
      'external replicas are given as a URL',
      file({ service: 'external: { addresses: ["http://a:80/"] }' }),
      ['pi.yaml:6:29: services[0].external.addresses[0]: found "http://a:80/"; allowed: HOST:PORT'],
    ],
    [
      'there are fewer addresses than external replicas',
      file({ service: 'replicas: [{ count: 2 }, { weight: 3 }]\n    external: { addresses: [a:1, b:2] }' }),
      ['pi.yaml:7:28: services[0].external.addresses: found 2 addresses for 3 replicas; allowed: one for each replica'],
    ],
    [
      'two external replicas have one address',
      file({ service: 'replicas: [{ count: 2 }]\n    external: { addresses: [a:1, a:1] }' }),
      ['pi.yaml:7:34: services[0].external.addresses[1]: found "a:1" a second time; allowed: once'],
    ],
  ];
  it.each(table)('is refused when %s', (_, text, wanted) => {
    const found = problems(text);
    expect(found, found.join('\n')).toHaveLength(wanted.length);
    for (const [index, begin] of wanted.entries()) expect(found[index]!.slice(0, begin.length)).toBe(begin);
  });

  it('has all its problems named at once, in the order of the file', () => {
    const found = problems(`
name: [x]
duration: -1
services:
  - name: pi
    replicas: [{ weight: -1, count: 1.5 }]
  - name: pi
    process: { command: [a] }
workloads:
  - service: po
    request: { path: x }
    arrival: { distribution: nope, parameters: [1] }
thresholds: [nope]
extra: 1
`);
    expect(found.map(line => line.split(': ').slice(0, 2).join(' '))).toEqual([
      'pi.yaml:2:7 name',
      'pi.yaml:3:11 duration',
      'pi.yaml:5:5 services[0]',
      'pi.yaml:6:26 services[0].replicas[0].weight',
      'pi.yaml:6:37 services[0].replicas[0].count',
      'pi.yaml:7:11 services[1].name',
      'pi.yaml:10:14 workloads[0].service',
      'pi.yaml:11:22 workloads[0].request.path',
      'pi.yaml:12:30 workloads[0].arrival.distribution',
      'pi.yaml:13:14 thresholds[0]',
      'pi.yaml:14:1 extra',
    ]);
  });
});
