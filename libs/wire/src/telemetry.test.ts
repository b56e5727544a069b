import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatTelemetry, parseTelemetry, telemetryChannel } from './telemetry.ts';
import { WireError } from './wire-error.ts';

describe('parseTelemetry', () => {
  test.each([
    ['a metric of the node itself', 'telem/n1/cpu', '1700000000.25 12.5', { metric: 'cpu', subsystem: null, value: 12.5 }],
    ['a device', 'telem/n1/rd/sda', '1700000000.25 1024.000000', { metric: 'rd', subsystem: 'sda', value: 1024 }],
    [
      'a subsystem with slashes',
      'telem/n1/docker_cgrp_net/0123456789ab/eth0/rx',
      '1700000000.25 42',
      { metric: 'docker_cgrp_net', subsystem: '0123456789ab/eth0/rx', value: 42 },
    ],
    ['a subsystem that is empty', 'telem/n1/rd/', '1700000000.25 1', { metric: 'rd', subsystem: '', value: 1 }],
    ['an exponent', 'telem/n1/load1', '1700000000.25 1e3', { metric: 'load1', subsystem: null, value: 1000 }],
    ['a value that no store takes', 'telem/n1/cpu', '1700000000.25 nan', { metric: 'cpu', subsystem: null, value: Number.NaN }],
    ['status true', 'telem/n1/status', '1700000000.25 true', { metric: 'status', subsystem: null, value: 1 }],
    ['status and anything else', 'telem/n1/status', '1700000000.25 True', { metric: 'status', subsystem: null, value: 0 }],
    ['status as a number', 'telem/n1/status', '1700000000.25 7', { metric: 'status', subsystem: null, value: 7 }],
  ])('reads %s', (_, channel, line, fields) => {
    expect(parseTelemetry(channel, line)).toEqual({ ok: true, value: { node: 'n1', timestamp: 1700000000.25, ...fields } });
  });

  test.each([
    ['another channel', 'galileo/events', '1 1', 'channel is not telem/<node>/<metric>'],
    ['no metric', 'telem/n1', '1 1', 'channel names no metric'],
    ['an empty metric', 'telem/n1/', '1 1', 'channel names no metric'],
    ['an empty node', 'telem//cpu', '1 1', 'channel names no node'],
    ['an empty line', 'telem/n1/cpu', '', 'not exactly two tokens'],
    ['one token', 'telem/n1/cpu', '1', 'not exactly two tokens'],
    ['three tokens', 'telem/n1/cpu', '1 2 3', 'not exactly two tokens'],
    ['two spaces', 'telem/n1/cpu', '1  2', 'not exactly two tokens'],
    ['a time that is no number', 'telem/n1/cpu', 'now 1', 'timestamp is not a number'],
    ['a value that is no number', 'telem/n1/cpu', '1 true', 'value is not a number'],
    ['an empty value', 'telem/n1/cpu', '1 ', 'value is not a number'],
  ])('refuses %s', (_, channel, line, reason) => {
    expect(parseTelemetry(channel, line)).toEqual({ ok: false, reason });
  });

  it('reads what was written', () => {
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter(text => !text.includes('/'));
    const sample = fc.record({
      node: name,
      metric: name,
      subsystem: fc.option(fc.string({ unit: 'grapheme' })),
      timestamp: fc.integer({ min: 0, max: 2e9 * 1000 }).map(ms => ms / 1000),
      value: fc.double(),
    });
    fc.assert(
      fc.property(sample, value => {
        const channel = telemetryChannel(value.node, value.metric, value.subsystem);
        expect(parseTelemetry(channel, formatTelemetry(value.timestamp, value.value))).toEqual({ ok: true, value });
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (channel, line) => parseTelemetry(`telem/${channel}`, line) !== undefined));
  });
});

test('times keep a tenth of a microsecond', () => {
  expect(formatTelemetry(1795486299.1234567, 5)).toBe('1795486299.1234567 5.0');
});

test.each([
  ['', 'cpu', 'node: "" can\'t be written; allowed: text without a slash, not empty'],
  ['rack/n1', 'cpu', 'node: "rack/n1" can\'t be written; allowed: text without a slash, not empty'],
  ['n1', 'a/b', 'metric: "a/b" can\'t be written; allowed: text without a slash, not empty'],
])('no channel for node %j and metric %j', (node, metric, message) => {
  expect(() => telemetryChannel(node, metric, null)).toThrow(WireError);
  expect(() => telemetryChannel(node, metric, null)).toThrow(message);
});
