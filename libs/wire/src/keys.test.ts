import { expect, test } from 'vitest';
import {
  busChannel,
  clientId,
  clientKey,
  experimentQueueKey,
  nodeInfoKey,
  recordedArrivalsKey,
  rpcChannel,
  rpcResponseChannel,
  rpcResponseKey,
  serviceKey,
  serviceKeyPattern,
  serviceName,
  telemdCommandChannel,
  telemdNode,
  workerClientsKey,
  workerLabelsKey,
} from './keys.ts';

test.each([
  ["a worker's labels", workerLabelsKey('w1'), 'w1'],
  ["a worker's clients", workerClientsKey('w1'), 'galileo:worker:w1:clients'],
  ['a client', clientKey(clientId('w1', 'svc', 0)), 'galileo:client:w1:svc:0'],
  ['recorded arrivals', recordedArrivalsKey('w1:svc:0'), 'w1:svc:0'],
  ['a service', serviceKey('telemd', 'n1'), 'galileo:service:telemd:n1'],
  ['services of a kind', serviceKeyPattern('telemd'), 'galileo:service:telemd:*'],
  ['a node', nodeInfoKey('n1'), 'telemd.info:n1'],
  ['a telemd', telemdCommandChannel('n1'), 'telemcmd/n1'],
  ['a class', busChannel('RegisterWorkerEvent'), '__eventbus:global:galileo.worker.api.RegisterWorkerEvent'],
  ['a function', rpcChannel('WorkerDaemon.ping'), '__eventbus:global:WorkerDaemon.ping'],
  ['an answer', rpcResponseKey(rpcResponseChannel('1')), '__eventbus:global:__rpc_1'],
  ['the queue', experimentQueueKey, '__eventbus:global:galileo:experiments:queue'],
])('the name of %s', (_, name, expected) => {
  expect(name).toBe(expected);
});

test.each([
  ['galileo:service:client:w1', 'w1'],
  ['galileo:service:client:a:b', 'a:b'],
  ['galileo:service:client:', undefined],
  ['galileo:service:clients:w1', undefined],
  ['galileo:service:telemd:n1', undefined],
])('the client in %s is %s', (key, name) => {
  expect(serviceName('client', key)).toBe(name);
});

test.each([
  ['telemcmd/n1', 'n1'],
  ['telemcmd/rack/n1', 'rack/n1'],
  ['telemcmd/', undefined],
  ['telem/n1', undefined],
])('the node of the channel %s is %s', (channel, node) => {
  expect(telemdNode(channel)).toBe(node);
});
