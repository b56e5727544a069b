import { expect, test } from 'vitest';
import { readOnce, sourcesAt } from '../../test/sources.ts';
import { instrumentNames, instruments } from './registry.ts';

test('names are in alphabetical order and metrics belong to one instrument each', () => {
  expect(instrumentNames).toEqual([...instrumentNames].sort());
  const metrics = instruments.flatMap(instrument => instrument.metrics);
  expect(new Set(metrics).size).toBe(metrics.length);
});

test('on this machine every instrument emits none but its own metrics, and finite values', () => {
  const sources = { ...sourcesAt(''), procRoot: '/proc', sysRoot: '/sys', netDevices: ['lo'] };
  for (const definition of instruments) {
    if (definition.name === 'disk') continue; // a container may have none
    using instrument = definition.open(sources);
    for (const [key, value] of Object.entries(readOnce(instrument).values)) {
      expect(definition.metrics).toContain(key.split('/')[0]);
      expect(Number.isFinite(value)).toBe(true);
    }
  }
});
