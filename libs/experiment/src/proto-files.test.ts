// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { describe, expect, it } from 'vitest';
import { file, parsed, problems } from '../test/least-file.ts';

const call = (rest = '') => file({ request: `{ protocol: grpc, method: a.b.Pi/Digits${rest} }` });

/** Reads from these texts. */
const from = (texts: Record<string, string>) => (name: string) => {
  const text = texts[name];
  if (text === undefined) throw new Error('no such file');
  return Buffer.from(text);
};

describe('a call of gRPC in an experiment file', () => {
  it('is filled in', () => {
    const expected = { protocol: 'grpc', method: 'a.b.Pi/Digits', message: '{}', metadata: {}, proto: {}, timeout: 60 };
    expect(parsed(call()).workloads[0]!.request).toEqual(expected);
  });

  it('has a message, metadata, a time-out, and references', () => {
    const rest = ', message: { n: 3, deep: { list: [1, "2"], none: null } }, metadata: { x-key: "${env:KEY}" }, timeout: 500ms';
    const { request } = parsed(call(rest), { environment: { KEY: 'k' } }).workloads[0]!;
    expect(request).toMatchObject({
      message: '{"n":3,"deep":{"list":[1,"2"],"none":null}}',
      metadata: { 'x-key': 'k' },
      timeout: 0.5,
    });
  });

  it('has its .proto file read, with all that it imports, by the names by which they import each other', () => {
    const main = '// import "no.proto";\nimport "b.proto";\n/* import "no.proto"; */ \n';
    const texts = {
      'apps/a.proto': `${main}import 'google/protobuf/any.proto';`,
      'apps/b.proto': 'import "a.proto"; import public "deep/c.proto";',
      'apps/deep/c.proto': '',
    };
    const { request } = parsed(call(', proto: apps/a.proto'), { readFile: from(texts) }).workloads[0]!;
    const proto = { 'a.proto': texts['apps/a.proto'], 'b.proto': texts['apps/b.proto'], 'deep/c.proto': '' };
    expect(request).toMatchObject({ proto });
  });

  it('may stand beside HTTP that is named', () => {
    expect(parsed(file({ request: '{ protocol: http, path: / }' })).workloads[0]!.request).toMatchObject({ path: '/' });
  });

  const more = (request: string) => `  - service: pi\n    request: ${request}\n    arrival: { constant: 1s }`;
  const table: [why: string, text: string, readFile: ((name: string) => Buffer) | undefined, wanted: string][] = [
    [
      'the protocol is unknown',
      file({ request: '{ protocol: grcp }' }),
      undefined,
      'request.protocol: found "grcp"; did you mean "grpc"? allowed: http, grpc',
    ],
    [
      'the method is missing',
      file({ request: '{ protocol: grpc }' }),
      undefined,
      'request.method: is missing; allowed: package.Service/Method',
    ],
    [
      'the method is a path',
      file({ request: '{ protocol: grpc, method: /a }' }),
      undefined,
      'request.method: found "/a"; allowed: package.Service/Method',
    ],
    [
      'a key is of HTTP',
      call(', path: /'),
      undefined,
      'request.path: found an unknown key; allowed: protocol, method, message, metadata, proto, timeout',
    ],
    ['a key is of gRPC', file({ request: '{ path: /, message: {} }' }), undefined, 'request.message: found an unknown key'],
    [
      'the message is a list',
      call(', message: [1]'),
      undefined,
      'request.message: found a list; allowed: a mapping from the names of fields',
    ],
    [
      'metadata is in capitals',
      call(', metadata: { X-A: "1" }'),
      undefined,
      'request.metadata.X-A: found the key "X-A"; allowed: a name of lower-case',
    ],
    [
      'metadata has two lines',
      call(', metadata: { a: "1\\n2" }'),
      undefined,
      'request.metadata.a: found "1\\n2"; allowed: visible ASCII',
    ],
    [
      'the request is text',
      file({ request: 'grpc' }),
      undefined,
      'request: found "grpc"; allowed: a mapping with a path, or with protocol: grpc',
    ],
    [
      'the file is no .proto',
      call(', proto: a.txt'),
      from({}),
      'request.proto: found "a.txt"; allowed: the name of a file that ends in .proto',
    ],
    ['the file is not there', call(', proto: a.proto'), from({}), 'request.proto: "a.proto": no such file'],
    [
      'nobody hands the file in',
      call(', proto: a.proto'),
      undefined,
      'request.proto: "a.proto": its content is not there; allowed: a file whose content',
    ],
    [
      'an import is not there',
      call(', proto: a.proto'),
      from({ 'a.proto': 'import "b.proto";' }),
      '"a.proto": a.proto: found import "b.proto": no such file',
    ],
    [
      'an import leaves the directory',
      call(', proto: x/a.proto'),
      from({ 'x/a.proto': 'import "../b.proto";' }),
      'a.proto: found import "../b.proto"; allowed: names of files beside a.proto or below',
    ],
    [
      'a service is called in two ways',
      `${call()}${more('{ path: / }')}`,
      undefined,
      'workloads[1].request.protocol: found http for "pi", which another workload calls over grpc',
    ],
  ];
  for (const [why, text, readFile, wanted] of table) {
    it(`is refused if ${why}`, () => {
      expect(problems(text, readFile === undefined ? {} : { readFile })).toEqual([expect.stringContaining(wanted)]);
    });
  }
});
