import { ExperimentStatus, OrchestratorDefinition } from '@galileo/proto/orchestrator';
import { connect } from '@galileo/service';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { experimentFile } from './application.ts';
import { startServiceProcess } from './service-process.ts';

test('an orchestrator of its own uses the services that run already, places by labels, and leaves them running', async () => {
  await using directory = await temporaryDirectory();
  const common = { galileo_token: 'secret', galileo_data_dir: directory.path, galileo_bus: 'direct' };
  await using recorder = await startServiceProcess('recorder', common);
  const producer = { ...common, galileo_recorder: recorder.addresses['grpc']! };
  const [balancer, one, other, telemd] = await Promise.all([
    startServiceProcess('loadbalancer', { ...common, eb_go_lb_listen_port: '0', galileo_lb_listen_host: '127.0.0.1' }),
    startServiceProcess('client', { ...producer, galileo_worker_name: 'one', galileo_zone: 'main' }),
    startServiceProcess('client', {
      ...producer,
      ...{ galileo_worker_name: 'other', galileo_zone: 'edge', galileo_client_pacing: 'eco' },
    }),
    startServiceProcess('telemd', { ...producer, telemd_nodename: 'node-a' }),
  ]);
  await using _services = {
    async [Symbol.asyncDispose]() {
      for (const service of [one, other, telemd, balancer]) await service[Symbol.asyncDispose]();
    },
  };
  await using orchestrator = await startServiceProcess('orchestrator', {
    ...producer,
    galileo_clients: [one, other].map(client => client.addresses['grpc']).join(),
    galileo_loadbalancers: balancer.addresses['grpc']!,
    galileo_loadbalancers_http: balancer.addresses['http']!,
    galileo_telemds: telemd.addresses['grpc']!,
  });
  using connection = connect(OrchestratorDefinition, orchestrator.addresses['grpc']!, {
    credentials: { token: 'secret' },
    timeout: 30,
  });

  const run = async (file: string) => {
    const { experimentId } = await connection.client.submitExperiment({ file, directory: directory.path });
    let last: { status: number; reason: string } | undefined;
    for await (const { experiment } of connection.client.watchExperiment({ experimentId })) last = experiment;
    return { ...last!, report: (await connection.client.getReport({ experimentId })).report! };
  };
  const telemetry = 'telemetry: { period: 200ms }';
  const labels = experimentFile({ duration: '1s' }).replace(
    'clients: 2',
    'clients: 2\n    worker_labels: { galileo_zone: edge }',
  );

  const first = await run(labels.replace(telemetry, 'telemetry: { period: 200ms, nodes: [node-a] }'));
  expect([first.status, first.reason]).toEqual([ExperimentStatus.FINISHED, '']);
  expect(first.report.intended).toBe(98);
  expect(first.report.scheduleHash).toMatch(/^[0-9a-f]{64}$/);
  expect(first.report.ledger!.entries[0]).toMatchObject({ produced: 98, stored: 98 });
  expect(first.report.nodes.map(node => node.node)).toEqual(['node-a']);

  const misplaced = await run(labels.replace('galileo_zone: edge', 'galileo_zone: moon'));
  expect(misplaced.status).toBe(ExperimentStatus.FAILED);
  expect(misplaced.reason).toMatch(/^no load client has the labels galileo_zone=moon of the workload for app; found: /);

  const elsewhere = await run(`${labels}pacing: balanced\n`);
  expect(elsewhere.reason).toMatch(/^no load client has the labels galileo_zone=edge .*; found: one \(/);
  const unpaced = await run(`${labels}pacing: precise\n`);
  expect(unpaced.reason).toBe(
    'no load client has the pacing precise that the file asks for (galileo_client_pacing); found: one (balanced), other (eco)',
  );

  const loop = experimentFile({ duration: '10s' }).replace('{ constant: 0.02 }', '{ concurrency: 3, requests: 40 }');
  const closed = await run(`${loop}pacing: eco\n`);
  expect(closed.status).toBe(ExperimentStatus.FINISHED);
  expect(closed.report).toMatchObject({ intended: 80, released: 80, scheduleHash: '' });
  expect(closed.report.releaseError!.count).toBe(0);
  expect(closed.report.queueing!.count).toBe(80);
  expect(closed.report.services[0]).toMatchObject({ requests: 80, closedLoop: 80 });
  expect(closed.report.notes).toContain('load client one is left out: its pacing is balanced, and the file asks for eco');

  const unseen = await run(labels.replace(telemetry, 'telemetry: { nodes: [node-z] }'));
  expect(unseen.reason).toBe('no telemetry agent observes node-z; found agents of: node-a');
}, 180_000);
