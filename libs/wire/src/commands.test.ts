import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type BusMessage,
  clientStartedEvent,
  closeClientCommand,
  createClientCommand,
  registerWorkerEvent,
  setWorkloadCommand,
  startTracingCommand,
  stopWorkloadCommand,
} from './commands.ts';
import { type PyJson, pyFloat } from './python-json.ts';
import { WireError } from './wire-error.ts';

describe('a command is read in every form that the Python side takes', () => {
  const command = { clientId: 'w1:svc:17', num: 2, distribution: 'constant', parameters: [0.05] };
  const fields = '"w1:svc:17", 2, "constant", [0.05]';
  const object = `"client_id": "w1:svc:17", "num": 2, "distribution": "constant", "parameters": [0.05]`;
  test.each([
    ['with its type', `{"__obj": [${fields}], "__type": "galileo.worker.api.SetWorkloadCommand"}`],
    ['without type', `{"__obj": [${fields}]}`],
    ['with another type', `{"__obj": [${fields}], "__type": "x.Y"}`],
    ['with a type that is no text', `{"__obj": [${fields}], "__type": 5}`],
    ['as a bare array', `[${fields}]`],
    ['as an object', `{${object}}`],
    ['as an object with type', `{${object}, "__type": "galileo.worker.api.SetWorkloadCommand"}`],
    ['as an object in __obj', `{"__obj": {${object}}}`],
    ['with surplus elements', `[${fields}, 1, 2]`],
    ['with unknown fields', `{${object}, "x": 1}`],
    ['with the number as text', '["w1:svc:17", " 2 ", "constant", [0.05]]'],
    ['with the number as a float', '["w1:svc:17", 2.0, "constant", [0.05]]'],
    ['with a fraction, which is cut', '["w1:svc:17", 2.9, "constant", [0.05]]'],
    ['without distribution, which is constant', '["w1:svc:17", 2, null, [0.05]]'],
    ['lacking a field with a default', '{"client_id": "w1:svc:17", "num": 2, "parameters": [0.05]}'],
  ])('%s', (_, payload) => {
    expect(setWorkloadCommand.decode(payload)).toEqual({ ok: true, value: command });
  });

  it('with its defaults, and with its first field alone', () => {
    const value = { clientId: 'c', num: null, distribution: 'constant', parameters: null };
    expect(setWorkloadCommand.decode('{"client_id": "c"}')).toEqual({ ok: true, value });
    expect(setWorkloadCommand.decode('"c"')).toEqual({ ok: true, value });
  });
});

describe('scalars are coerced by the annotation', () => {
  test.each([
    ['a number as text', '[5]', '5'],
    ['a float as text', '[5.0]', '5.0'],
    ['a big number as text', '[12345678901234567890]', '12345678901234567890'],
    ['a truth value as text', '[true]', 'True'],
    ['nan as text', '[NaN]', 'nan'],
  ])('%s', (_, payload, name) => {
    expect(registerWorkerEvent.decode(payload)).toEqual({ ok: true, value: { name } });
  });

  test.each([
    ['true', 1],
    ['"1_0"', 10],
    ['-2.9', -2],
  ])('num %s is %d', (num, value) => {
    expect(setWorkloadCommand.decode(`["c", ${num}, "constant", []]`)).toMatchObject({ ok: true, value: { num: value } });
  });
});

describe('a malformed command has a reason', () => {
  test.each<[string, BusMessage<never>, string, string]>([
    ['no JSON', setWorkloadCommand, 'hello', 'not JSON: no value where one is expected'],
    ['a short array', setWorkloadCommand, '["c", 2]', 'distribution is missing'],
    ['null', setWorkloadCommand, 'null', 'the value is missing'],
    ['null in __obj', setWorkloadCommand, '{"__obj": null}', 'the value is missing'],
    ['a missing field', setWorkloadCommand, '{"num": 2}', 'client_id is missing'],
    ['null for a client', setWorkloadCommand, '[null, 2, "constant", []]', 'client_id is missing'],
    ['an array for text', setWorkloadCommand, '[["c"], 2, "constant", []]', 'client_id is not text'],
    ['text for a number', setWorkloadCommand, '["c", "two", "constant", []]', 'num is not a whole number'],
    ['a fraction in text', setWorkloadCommand, '["c", "2.0", "constant", []]', 'num is not a whole number'],
    ['infinity for a whole number', setWorkloadCommand, '["c", Infinity, "constant", []]', 'num is not a whole number'],
    ['parameters that are no array', setWorkloadCommand, '["c", 2, "constant", "ab"]', 'parameters is not an array'],
    ['a field of a field', createClientCommand, '["w1", {"client": "app"}, 1]', 'config.service is missing'],
    ['a short field', createClientCommand, '["w1", ["svc"], 1]', 'config.client is missing'],
    ['a list for a dict', createClientCommand, '["w1", ["svc", null, [1], null], 1]', 'config.parameters is not an object'],
    ['a bare value for more than it can be', createClientCommand, '"w1"', 'config is missing'],
    ['a bare value for nothing', startTracingCommand, '1', 'the value is neither an array nor an object'],
    ['a name of the prototype', closeClientCommand, '{"constructor": 1}', 'client_id is missing'],
  ] as never)('%s', (_, message, payload, reason) => {
    expect(message.decode(payload)).toEqual({ ok: false, reason });
  });

  it('and nothing throws', () => {
    fc.assert(fc.property(fc.json(), payload => createClientCommand.decode(payload) !== undefined));
    fc.assert(fc.property(fc.string(), payload => createClientCommand.decode(payload) !== undefined));
  });
});

describe('commands are written', () => {
  test.each([
    ['rps(0.5)', [pyFloat(2)], '{"__obj": ["c", null, "constant", [2.0]], "__type": "galileo.worker.api.SetWorkloadCommand"}'],
    ['expovariate', [20], '{"__obj": ["c", null, "constant", [20]], "__type": "galileo.worker.api.SetWorkloadCommand"}'],
  ])('%s', (_, parameters, payload) => {
    expect(setWorkloadCommand.encode({ clientId: 'c', num: null, distribution: 'constant', parameters })).toBe(payload);
  });

  it('to the channel of their class', () => {
    expect(stopWorkloadCommand.channel).toBe('__eventbus:global:galileo.worker.api.StopWorkloadCommand');
    expect(startTracingCommand.encode({})).toBe('{"__obj": [], "__type": "galileo.worker.api.StartTracingCommand"}');
    expect(clientStartedEvent.encode({ host: 'w1', clientId: 'c' })).toBe(
      '{"__obj": ["w1", "c"], "__type": "galileo.worker.api.ClientStartedEvent"}',
    );
  });

  test.each([0.5, Number.NaN, 2 ** 53])('but not with %d requests', num => {
    const command = { clientId: 'c', num, distribution: 'constant', parameters: null };
    expect(() => setWorkloadCommand.encode(command)).toThrow(WireError);
  });

  it('and read back', () => {
    const json: fc.Arbitrary<PyJson> = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.double().map(pyFloat), fc.constant(null));
    const dict = fc.option(fc.dictionary(fc.string(), json));
    const command = fc.record({
      host: fc.string(),
      config: fc.record({ service: fc.string(), client: fc.option(fc.string()), parameters: dict, workerLabels: dict }),
      num: fc.maxSafeInteger(),
    });
    fc.assert(
      fc.property(command, value => {
        expect(createClientCommand.decode(createClientCommand.encode(value))).toEqual({ ok: true, value });
      }),
    );
  });
});
