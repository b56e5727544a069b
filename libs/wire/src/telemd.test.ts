import { expect, test } from 'vitest';
import { decodeNodeInfo, encodeNodeInfo, parseTelemdCommand } from './telemd.ts';

test.each(['pause', 'unpause', 'info'])('telemd takes %s', command => {
  expect(parseTelemdCommand(command)).toEqual({ ok: true, value: command });
});

test.each(['', 'Pause', 'stop', ' pause'])('telemd does not take %j', command => {
  expect(parseTelemdCommand(command)).toEqual({ ok: false, reason: 'not one of pause, unpause, info' });
});

test('what is not known of a node is left out', () => {
  expect(encodeNodeInfo({ arch: 'arm64', cpus: 4, disk: [], boot: undefined })).toEqual({ arch: 'arm64', cpus: '4', disk: '' });
  expect(decodeNodeInfo({ arch: 'arm64', cpus: 'four', ram: '-1', disk: '', labels: '{}' })).toEqual({ arch: 'arm64', disk: [] });
});

test('devices are separated by spaces', () => {
  expect(decodeNodeInfo({ disk: 'sda  sdb ', net: 'eth0' })).toEqual({ disk: ['sda', 'sdb'], net: ['eth0'] });
  expect(() => encodeNodeInfo({ net: ['eth 0'] })).toThrow('net: "eth 0" can\'t be written; allowed: names without a space');
});
