import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { everything } from '../../test/everything.ts';
import { describedMethod } from './descriptors.ts';
import { readProtoFiles } from './proto-files.ts';

const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/grpc/${name}`, import.meta.url));
const texts = { 'echo.proto': String(fixture('echo.proto')), 'shapes.proto': String(fixture('shapes.proto')) };

describe('.proto files', () => {
  const ours = describedMethod(readProtoFiles(texts), 'test.echo.Echo/Say');
  // What `buf build` makes of the same files.
  const reference = describedMethod(fixture('echo.binpb'), 'test.echo.Echo/Say');

  it('mean the same bytes to us as to the compiler', () => {
    const message = JSON.stringify(everything);
    expect(ours.encode(message)).toEqual(reference.encode(message));
    expect(JSON.parse(ours.decode(reference.encode(message))!)).toEqual(everything);
  });

  it('may import everything of google.protobuf', () => {
    const text = `syntax = "proto3"; package w;
      import "google/protobuf/struct.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/duration.proto";
      import "google/protobuf/any.proto"; import "google/protobuf/empty.proto"; import "google/protobuf/descriptor.proto";
      extend google.protobuf.MethodOptions { string note = 50000; }
      message A { google.protobuf.Struct s = 1; google.protobuf.NullValue n = 2; google.protobuf.Duration d = 3;
        google.protobuf.Int64Value i = 4; google.protobuf.Any any = 5; }
      service S { rpc C(A) returns (google.protobuf.Empty) { option (note) = "x"; } }`;
    const { encode, decode } = describedMethod(readProtoFiles({ 'w.proto': text }), 'w.S/C');
    const message = { s: { a: [1, null] }, d: '1.5s', i: '7', any: { '@type': 'type.googleapis.com/w.A', i: '8' } };
    expect(encode(JSON.stringify({ d: '1s' })).toString('hex')).toBe('1a020801');
    expect(encode(JSON.stringify(message)).length).toBeGreaterThan(30);
    expect(decode(Buffer.alloc(0))).toBe('{}');
    expect(decode(Buffer.from([0xff]))).toBeNull();
  });

  const refused: readonly [sentence: string, texts: Record<string, string>, message: string][] = [
    ['an edition', { 'a.proto': 'edition = "2023";' }, 'a.proto: found edition "2023"; allowed: syntax proto2 or proto3'],
    ['a type that is nowhere', { 'a.proto': 'syntax = "proto3"; message A { B b = 1; }' }, 'A.b: found the type B, which none'],
    ['a group', { 'a.proto': 'message A { optional group G = 1 { optional int32 a = 1; } }' }, 'A.g: found a group; allowed:'],
    [
      'an import that is nowhere',
      { 'a.proto': 'import "b.proto";' },
      'a.proto: found import "b.proto"; allowed: a.proto, google',
    ],
    [
      'files that need each other',
      {
        'a.proto': 'import "b.proto"; message A { optional B b = 1; }',
        'b.proto': 'import "a.proto"; message B { optional A a = 1; }',
      },
      'a.proto imports b.proto imports a.proto; allowed: imports without a circle',
    ],
  ];
  it.each(refused)('are refused for %s', (_, files, message) => {
    expect(() => readProtoFiles(files)).toThrow(message);
  });
});
