import { readFile } from 'node:fs/promises';
import { createCertificates, temporaryDirectory } from '@galileo/testkit';
import { expect, test } from 'vitest';
import { checkSubmission, SubmissionError, type SubmissionRequest } from './submission.ts';

const service = (name: string, more = '') => `  - name: ${name}
    process: { command: [node, app.js]${more} }
`;
const file = (services: string) => `name: x
duration: 10s
services:
${services}workloads:
  - service: a
    request: { path: /function/a }
    arrival: { constant: 1 }
`;

function request(text: string, directory: string, more: Partial<SubmissionRequest> = {}): SubmissionRequest {
  return { file: text, fileName: 'x.yaml', directory, environment: {}, creator: 'me', attached: false, ...more };
}

async function problems(submission: SubmissionRequest): Promise<readonly string[]> {
  const error = await checkSubmission(submission).then(
    () => undefined,
    reason => reason,
  );
  expect(error).toBeInstanceOf(SubmissionError);
  return (error as SubmissionError).problems;
}

test('a file in order is a spec', async () => {
  await using directory = await temporaryDirectory();
  const submission = await checkSubmission(request(file(service('a')), directory.path));
  expect(submission.spec.name).toBe('x');
  expect(submission.seedDrawn).toBe(true);
  const seeded = await checkSubmission(request(`seed: 7\n${file(service('a'))}`, directory.path));
  expect([seeded.spec.seed, seeded.seedDrawn]).toEqual([7, false]);
});

test('all problems of a file are told, each with its line', async () => {
  await using directory = await temporaryDirectory();
  const found = await problems(request(file('  - { name: a, wieght: 2 }\n'), directory.path));
  expect(found).toHaveLength(2);
  expect(found[0]).toMatch(/^x\.yaml:4:\d+: services\[0\]\.process: is missing/);
  expect(found[1]).toMatch(/^x\.yaml:4:\d+: services\[0\]\.wieght: found an unknown key/);
});

test('two services with one port, and a directory that is none, are told together', async () => {
  const found = await problems(request(file(service('a', ', port: 8123') + service('b', ', port: 8123')), '/no/such/directory'));
  expect(found).toEqual([
    'x.yaml: services[1].process.port: found 8123, which a has; allowed: another one, or auto',
    'directory: found "/no/such/directory"; allowed: a directory of the orchestrator\'s machine',
  ]);
});

test('a relative directory is refused', async () => {
  expect(await problems(request(file(service('a')), 'here'))).toEqual(['directory: found "here"; allowed: an absolute path']);
});

test('values of the environment are put in', async () => {
  await using directory = await temporaryDirectory();
  const text = file(service('a', `, env: { KEY: "\${env:SECRET}" }`));
  const submission = await checkSubmission(request(text, directory.path, { environment: { SECRET: 'hunter2' } }));
  expect(submission.spec.services[0]!.process!.env).toEqual({ KEY: 'hunter2' });
  expect((await problems(request(text, directory.path)))[0]).toMatch(/SECRET/);
});

test('a certificate is read from what was handed in, and not from this machine', async () => {
  await using directory = await temporaryDirectory();
  const { ca } = await createCertificates(directory.path);
  const pem = await readFile(ca, 'utf8');
  const tls = `scheme: https, tls: { ca_file: ${ca} }`;
  const text = file(service('a')).replace('path: /function/a', `path: /function/a, ${tls}`);
  const submission = await checkSubmission(request(text, directory.path, { files: { [ca]: Buffer.from(pem) } }));
  expect(submission.spec.workloads[0]!.request).toMatchObject({ options: { scheme: 'https', tls: { ca: pem } } });
  expect(submission).not.toHaveProperty('files');
  expect((await problems(request(text, directory.path)))[0]).toMatch(
    'its bytes were not handed in; allowed: a file whose bytes are in `files`',
  );
});

test('a recording is read from what was handed in, and not from this machine', async () => {
  await using directory = await temporaryDirectory();
  const text = file(service('a')).replace('{ constant: 1 }', '{ recorded: gaps.csv }');
  const submission = await checkSubmission(request(text, directory.path, { recordings: { 'gaps.csv': [0.5, 1] } }));
  expect(submission.spec.workloads[0]!.arrival).toEqual({ kind: 'recorded', gaps: [0.5, 1] });
  expect(submission).not.toHaveProperty('recordings');
  expect(await problems(request(text, directory.path))).toEqual([
    'x.yaml:9:26: workloads[0].arrival.recorded: "gaps.csv": its numbers were not handed in; allowed: a file whose numbers are in `recordings`',
  ]);
});

test('bodies and rows are read from what was handed in', async () => {
  await using directory = await temporaryDirectory();
  const text = file(service('a')).replace('path: /function/a', 'path: "/{{row n}}", body_file: a.bin, rows: { file: b.csv }');
  const files = { 'a.bin': Buffer.from('x'), 'b.csv': Buffer.from('n\n7\n') };
  const submission = await checkSubmission(request(text, directory.path, { files }));
  expect(submission.spec.workloads[0]!.request).toMatchObject({ body: Buffer.from('x'), rows: { rows: [['7']] } });
  expect(submission).not.toHaveProperty('files');
  expect(await problems(request(text, directory.path, { files: { 'a.bin': Buffer.from('x') } }))).toEqual([
    'x.yaml:8:68: workloads[0].request.rows.file: "b.csv": its bytes were not handed in; allowed: a file whose bytes are in `files`',
  ]);
});
