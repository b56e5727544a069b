// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { describe, expect, it } from 'vitest';
import { file, parsed, problems } from '../test/least-file.ts';

const files: Record<string, string | Uint8Array> = {
  'data/people.csv': 'id,first name\n1,Ann\n2,Bob\n',
  'lines.csv': 'text\n"a\nb"\n',
  'body.bin': Buffer.from([0, 0xff, 0x7b, 0x7b]),
  'body.txt': '{{seq}}',
  'bad.csv': 'a,b\n1\n',
  'large.bin': new Uint8Array(16 * 1024 * 1024 + 1),
  'largest.bin': new Uint8Array(16 * 1024 * 1024),
};
const options = {
  readFile(name: string) {
    const content = files[name];
    if (content === undefined) throw new Error('no such file');
    return Buffer.from(content);
  },
};

function request(text: string, environment: Record<string, string> = {}) {
  const { request } = parsed(file({ request: text }), { ...options, environment }).workloads[0]!;
  if (request === undefined || 'protocol' in request) throw new Error('no request over HTTP');
  return request;
}

describe('a request of an experiment file', () => {
  it('may have a query, escaped as it has to be', () => {
    expect(request('{ path: /a, query: { q: "a b&ü", n: [1, 2.5], yes: true, "x y": "" } }')).toMatchObject({
      path: '/a?q=a%20b%26%C3%BC&n=1&n=2.5&yes=true&x%20y=',
      templated: false,
    });
    expect(request('{ path: "/a?b=1", query: { c: 2 } }').path).toBe('/a?b=1&c=2');
    expect(request('{ path: "/a?", query: { c: 2 } }').path).toBe('/a?c=2');
    expect(request('{ path: "/a?b=1", query: {} }').path).toBe('/a?b=1');
  });

  it('may have a body in a file or in Base64', () => {
    expect(request('{ path: /, body_file: body.bin }').body).toEqual(files['body.bin']);
    expect(request('{ path: /, body_base64: "AP8\\n=" }').body).toEqual(Buffer.from([0, 0xff]));
    expect(request('{ path: /, body_base64: "" }').body).toEqual(Buffer.alloc(0));
    expect(request('{ path: /, body_file: largest.bin }').body).toHaveLength(16 * 1024 * 1024);
  });

  it('may have time-outs of its parts and connections of its own', () => {
    expect(request('{ path: /, connect_timeout: 500ms, first_byte_timeout: 2, connections: per-request }')).toMatchObject({
      timeout: 60,
      connectTimeout: 0.5,
      firstByteTimeout: 2,
      connections: 'per-request',
    });
  });

  it('may hold templates, and rows for them', () => {
    const people = { columns: ['id', 'first name'], rows: [['1', 'Ann'], ['2', 'Bob']] }; // biome-ignore format: a table
    const made = request(`{ path: "/{{random 1 6}}", query: { n: "ü {{row first name}}" }, headers: { A: "{{seq}}" },
      json: { id: "{{row id}}", "q{{uuid}}": 1 }, rows: { file: data/people.csv, order: random } }`);
    expect(made).toMatchObject({
      path: '/{{random 1 6}}?n=%C3%BC%20{{row first name}}',
      headers: { A: '{{seq}}', 'Content-Type': 'application/json' },
      body: '{"id":"{{row id}}","q{{uuid}}":1}',
      templated: true,
      rows: { ...people, order: 'random' },
    });
    expect(request('{ path: /, body: "{{row id}}", rows: { file: data/people.csv } }').rows!.order).toBe('sequential');
    expect(request('{ path: /, body: "{{open}}" }').templated).toBe(true);
  });

  it('has none in the bytes of a file, also beside templates, and none in values of the environment', () => {
    expect(request('{ path: /, body_file: body.txt }')).toMatchObject({ body: Buffer.from('{{seq}}'), templated: false });
    expect(request('{ path: "/{{seq}}", body_file: body.txt }').body).toEqual(Buffer.from('{{open}}seq}}'));
    expect(request('{ path: "/{{seq}}", body_file: body.bin }').body).toEqual(files['body.bin']);
    const secret = { SECRET: 'a{{b}}' };
    expect(request('{ path: "/", headers: { A: "${env:SECRET}" } }', secret).headers).toEqual({ A: 'a{{open}}b}}' });
    expect(request('{ path: "/{{random 1 ${env:MOST}}}" }', { MOST: '6' }).path).toBe('/{{random 1 6}}');
    const command = file({ service: 'process: { command: ["${env:SECRET}"] }' });
    expect(parsed(command, { environment: secret }).services[0]!.process!.command).toEqual(['a{{b}}']);
  });

  const places = 'allowed: {{seq}}, {{uuid}}, {{random A B}} with whole numbers A <= B';
  const request10 = 'pi.yaml:10:';
  it.for<[why: string, text: string, wanted: string[]]>([
    ['an unknown template', '{ path: "/{{sek}}" }', [`${request10}24: workloads[0].request.path: found "{{sek}}"; ${places}`]],
    ['a path that begins with one', '{ path: "{{seq}}" }', ['request.path: found "{{seq}}"; allowed: a path that begins with /']],
    ['a template without an end in a path', '{ path: "/{{seq" }', ['request.path: found "/{{seq"; allowed: a path']],
    ['one in the query', '{ path: /, query: { a: [1, "{{x}}"] } }', ['request.query.a[1]: found "{{x}}"']],
    ['one in a header', '{ path: /, headers: { A: "{{x" } }', ['request.headers.A: found "{{x"']],
    ['one in the body', '{ path: /, body: "a{{x}}" }', [`${request10}33: workloads[0].request.body: found "{{x}}"`]],
    ['one in a value', '{ path: /, json: { a: ["{{x}}"] } }', ['request.json.a[0]: found "{{x}}"']],
    ['one in a name of a value', '{ path: /, json: { "{{x}}": 1 } }', ['request.json.{{x}}: found "{{x}}"']],
    ['a row without rows', '{ path: "/{{row a}}" }', ['found "{{row a}}"; allowed: a column of `rows`, and there are none']],
    [
      'an unknown column',
      '{ path: "/{{row name}}", rows: { file: data/people.csv } }',
      ['request.path: found "{{row name}}"; allowed: a column of the rows: id, first name'],
    ],
    [
      'a line break in a header',
      '{ path: /, headers: { A: "{{row text}}" }, rows: { file: lines.csv } }',
      ['request.headers.A: found "a\\nb" in the column text; allowed in a header: text in one line'],
    ],
    [
      'rows that are not used',
      '{ path: /, rows: { file: data/people.csv } }',
      ['request.rows: found rows that no template names'],
    ],
    [
      'rows that are none',
      '{ path: "/{{row a}}", rows: { file: bad.csv } }',
      ['rows.file: "bad.csv": line 2: found 1 cells; allowed: 2'],
    ],
    [
      'rows of another kind',
      '{ path: "/{{row a}}", rows: { file: a.xls } }',
      ['rows.file: found "a.xls"; allowed: the name of a file that'],
    ],
    ['a file that is not there', '{ path: /, body_file: no.bin }', ['request.body_file: "no.bin": no such file']],
    [
      'a large file',
      '{ path: /, body_file: large.bin }',
      ['body_file: "large.bin": found 16777217 bytes; allowed: up to 16777216'],
    ],
    [
      'two bodies',
      '{ path: /, body: a, body_file: body.bin }',
      ['request.body_file: found body_file beside body; allowed: one of them'],
    ],
    ['what is no Base64', '{ path: /, body_base64: "abc" }', ['request.body_base64: found "abc"; allowed: bytes in Base64']],
    [
      'a query that is none',
      '{ path: /, query: { a: { b: 1 } } }',
      ['request.query.a: found a mapping; allowed: text, a number'],
    ],
    [
      'an unknown kind of connections',
      '{ path: /, connections: reus }',
      ['found "reus"; did you mean "reuse"? allowed: reuse, per-request'],
    ],
    ['a time-out of 0', '{ path: /, connect_timeout: 0 }', ['request.connect_timeout: found 0; allowed: a duration']],
  ])('is refused for %s', ([, text, wanted]) => {
    const found = problems(file({ request: text }), options);
    expect(found).toHaveLength(wanted.length);
    for (const [index, part] of wanted.entries()) expect(found[index]).toContain(part);
  });

  it('is refused without showing what stands in the environment, or when no file can be had', () => {
    const text = file({ request: '{ path: /, body: "{{x}} ${env:SECRET}" }' });
    const [problem] = problems(text, { environment: { SECRET: 'hunter2' } });
    expect(problem).toContain('request.body: found "{{x}} ${env:SECRET}"; allowed: {{seq}}');
    expect(problems(file({ request: '{ path: /, body_file: a.bin }' }))).toEqual([
      'pi.yaml:10:36: workloads[0].request.body_file: "a.bin": its content is not there; allowed: a file whose content is handed in with the experiment file',
    ]);
  });
});
