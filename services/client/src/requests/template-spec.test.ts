import { HttpRequest, RowOrder } from '@galileo/proto/client';
import { describe, expect, it } from 'vitest';
import { httpRequestSpec } from './http-request-spec.ts';
import { RequestError } from './request-error.ts';
import { templateRequests } from './template-requests.ts';
import { templateSpec } from './template-spec.ts';

const spec = (fields: Parameters<typeof HttpRequest.fromPartial>[0], count = 1) =>
  templateSpec(HttpRequest.fromPartial({ templated: true, ...fields }), count);
const table = (...cells: string[][]) => ({ columns: ['name', 'n'], rows: cells.map(each => ({ cells: each })) });

/** The first requests of some clients, in the order of the clients. */
function requests(made: ReturnType<typeof spec>, clients = 1, each = 1) {
  const open = templateRequests(made);
  return Array.from({ length: clients }, (_, n) => {
    const next = open({ id: `w:s:${n}`, n, worker: 'w' }, n);
    return Array.from({ length: each }, (__, counter) => next(counter + 1));
  });
}
const bodies = (made: ReturnType<typeof spec>, clients: number, each: number) =>
  requests(made, clients, each).map(list => list.map(({ body }) => body!.toString()).join(' '));

describe('a templated request', () => {
  it('is filled in everywhere, as it has to be written there', () => {
    const [[request]] = requests(
      spec({
        method: 'POST',
        path: '/a/{{row name}}?c={{client}}&o={{open}}',
        headers: { 'X-Same': 'yes', 'X-Seq': 'n{{seq}}', 'X-Name': '{{row name}}', 'X-Worker': '{{worker}}' },
        body: Buffer.from('{"name": "{{row name}}", "n": {{row n}}, "open": "{{open}}"}'),
        timeout: 5,
        rows: table(['ä/"b&', '7']),
      }),
    ) as [[ReturnType<typeof requests>[0][0]]];
    expect({ ...request, body: undefined }).toEqual({
      method: 'POST',
      path: '/a/%C3%A4%2F%22b%26?c=w%3As%3A0&o=%7B%7B',
      headers: { 'X-Same': 'yes', 'X-Seq': 'n1', 'X-Name': 'ä/"b&', 'X-Worker': 'w' },
      body: undefined,
      timeout: 5,
      once: true,
    });
    expect(Object.keys(request!.headers)).toEqual(['X-Same', 'X-Seq', 'X-Name', 'X-Worker']);
    expect(JSON.parse(request!.body!.toString())).toEqual({ name: 'ä/"b&', n: 7, open: '{{' });
  });

  it('escapes nothing in a body that is no JSON', () => {
    expect(bodies(spec({ body: Buffer.from('{{row name}}\n'), rows: table(['a"b\\', '1']) }), 1, 1)).toEqual(['a"b\\\n']);
  });

  it('leaves a body of bytes as it is', () => {
    const body = Buffer.from([0xff, 0x7b, 0x7b, 0x78]);
    expect(requests(spec({ path: '/{{seq}}', body }))[0]![0]!.body).toEqual(body);
    expect(requests(spec({ path: '/{{seq}}' }))[0]![0]!.body).toBeUndefined();
  });

  it('has a version 4 UUID, another one each time', () => {
    const [list] = requests(spec({ path: '/{{uuid}}' }), 1, 2);
    for (const { path } of list!) expect(path).toMatch(/^\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(list![0]!.path).not.toBe(list![1]!.path);
  });

  it('has random numbers between the ends, both included, the same with the same seed and others for others', () => {
    const made = spec({ body: Buffer.from('{{random -1 2}}'), seed: 5 });
    const [one, other] = bodies(made, 2, 200);
    expect(new Set(one!.split(' '))).toEqual(new Set(['-1', '0', '1', '2']));
    expect(one).not.toBe(other);
    expect(bodies(made, 2, 200)).toEqual([one, other]);
    expect(bodies({ ...made, seed: 6 }, 1, 200)[0]).not.toBe(one);
    const unseeded = { ...made, seed: undefined };
    expect(bodies(unseeded, 2, 200)).toEqual(bodies(unseeded, 2, 200));
    const far = bodies(spec({ body: Buffer.from('{{random 0 9007199254740990}}') }), 1, 50)[0]!
      .split(' ')
      .map(Number);
    expect(far.every(value => Number.isSafeInteger(value) && value >= 0)).toBe(true);
    expect(Math.max(...far)).toBeGreaterThan(2 ** 51);
  });

  it('takes the rows in turn with the other clients of the load, and begins anew after the last one', () => {
    const rows = table(...['a', 'b', 'c', 'd', 'e'].map(name => [name, '']));
    const body = Buffer.from('{{row name}}');
    expect(bodies(spec({ body, rows }, 2), 2, 6)).toEqual(['a c e b d a', 'b d a c e b']);
    // Two of four clients of a load, of which another worker has the others.
    expect(bodies(spec({ body, rows, numbers: { first: 1, step: 2, total: 4 } }), 2, 3)).toEqual(['b a e', 'd c b']);
  });

  it('takes rows at random, the same with the same seed', () => {
    const rows = { ...table(...['a', 'b', 'c'].map(name => [name, name])), order: RowOrder.RANDOM };
    const made = spec({ body: Buffer.from('{{row name}}{{row n}}'), rows, seed: 1 });
    const [one, other] = bodies(made, 2, 100);
    expect(new Set(one!.split(' '))).toEqual(new Set(['aa', 'bb', 'cc']));
    expect(one).not.toBe(other);
    expect(bodies(made, 2, 100)).toEqual([one, other]);
  });

  it('is refused when the name of its client can not stand in a header', () => {
    const next = templateRequests(spec({ headers: { A: '{{client}}' } }))({ id: 'w:名:0', n: 0, worker: 'w' }, 0);
    expect(() => next(1)).toThrow('request.headers: found "w:名:0"; allowed: names of clients and workers in ISO 8859-1');
  });
});

describe('a templated request is refused for', () => {
  it.for<[why: string, fields: Parameters<typeof spec>[0], message: string]>([
    ['an unknown template', { path: '/{{x}}' }, 'request.path: found "{{x}}"; allowed: {{seq}}, {{uuid}}'],
    ['one in a header', { headers: { A: 'a{{seq' } }, 'request.headers["A"]: found "{{seq"'],
    ['one in the body', { body: Buffer.from('{{}}') }, 'request.body: found "{{}}"'],
    ['a column without rows', { path: '/{{row a}}' }, 'a column of `rows`, and there are none'],
    [
      'an unknown column',
      { path: '/{{row a}}', rows: table(['', '']) },
      'found "{{row a}}"; allowed: a column of the rows: name, n',
    ],
    ['a path that begins with a template', { path: '{{seq}}' }, 'request.path: found "0"; allowed: a path that begins with /'],
    ['a path that is none', { path: '/a b{{seq}}' }, 'request.path: found "/a b0"'],
    ['a header that is none', { headers: { A: '\n{{seq}}' } }, 'request.headers["A"]: found "\\n0"'],
    [
      'a cell that no header may hold',
      { headers: { A: '{{row name}}' }, rows: table(['ok', ''], ['a\r\nb: c', '']) },
      'request.headers["A"]: found "\\"name\\" of row 2: a\\r\\nb: c"; allowed: text without line breaks',
    ],
    [
      'a column that comes twice',
      { rows: { columns: ['a', 'a'], rows: [{ cells: ['', ''] }] } },
      'rows.columns: found "a"; allowed: each name once',
    ],
    ['no row', { rows: table() }, 'request.rows.rows: found "none"; allowed: at least one'],
    ['a short row', { rows: table(['', ''], ['']) }, 'request.rows.rows[1]: found "1 cells"; allowed: 2 cells'],
    [
      'rows in an order that there is not',
      { rows: { ...table(['', '']), order: 9 as RowOrder } },
      'request.rows.order: found 9; allowed: ROW_ORDER_',
    ],
    ['what any request is refused for', { path: '/{{seq}}', timeout: -1 }, 'request.timeout: found -1'],
  ])('%s', ([, fields, message]) => {
    expect(() => spec(fields)).toThrow(RequestError);
    expect(() => spec(fields)).toThrow(message);
  });

  it('nothing that stands in a literal one, which has no rows', async () => {
    const literal = HttpRequest.fromPartial({ path: '/{{seq}}', headers: { A: '{{' }, body: Buffer.from('{{x}}') });
    expect(await httpRequestSpec(literal, 1)).toMatchObject({
      kind: 'constant',
      request: { path: '/{{seq}}', headers: { A: '{{' } },
    });
    const rows = HttpRequest.fromPartial({ rows: table(['', '']) });
    await expect(httpRequestSpec(rows, 1)).rejects.toThrow('request.rows: found "rows of a literal request"');
  });
});
