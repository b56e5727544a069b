import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { readExperimentFile } from './experiment-file.ts';

const text = (proto: string) => `name: x
duration: 10s
services: [{ name: pi, process: { command: [a] } }]
workloads:
  - service: pi
    request: { protocol: grpc, method: a.Pi/Digits, proto: ${proto} }
    arrival: { constant: 1s }
`;

test('.proto files and what they import are read relative to the experiment file', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'x.yaml');
  await mkdir(join(directory.path, 'apps'));
  await writeFile(join(directory.path, 'apps/a.proto'), 'import "b.proto";');
  await writeFile(join(directory.path, 'apps/b.proto'), 'syntax = "proto3";');
  await writeFile(file, text('apps/a.proto'));
  const { spec, files } = await readExperimentFile(file, {});
  const proto = { 'a.proto': 'import "b.proto";', 'b.proto': 'syntax = "proto3";' };
  expect(files).toEqual({ 'apps/a.proto': Buffer.from(proto['a.proto']), 'apps/b.proto': Buffer.from(proto['b.proto']) });
  expect(spec.workloads[0]!.request).toMatchObject({ proto });
  await writeFile(file, text('none.proto'));
  await expect(readExperimentFile(file, {})).rejects.toThrow(
    `${file}:6:60: workloads[0].request.proto: "none.proto": no such file`,
  );
});
