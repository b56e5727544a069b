/** A message of test.echo.Everything (fixtures/grpc/echo.proto) in JSON, with a value of each kind. */
export const everything = {
  text: 'Grüße',
  bigNumber: '9007199254740993',
  raw: 'AQID',
  itemsByName: { a: { count: '18446744073709551615', more: [{ numbers: [1, -2] }] } },
  numbers: [3, 4],
  maybe: 0,
  inner: { count: '7' },
  color: 'COLOR_RED',
  at: '2026-01-02T03:04:05.500Z',
  circle: { radius: 1.5, marks: [1, 2] },
  unpacked: [-1, 1],
  other: true,
};
