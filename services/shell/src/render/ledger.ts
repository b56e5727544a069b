import type { Ledger } from '@galileo/proto/recorder';
import { recordKinds } from '@galileo/sdk';
import type { RenderOptions } from './paint.ts';
import { right, table } from './table.ts';
import { count } from './units.ts';
import { wrap } from './wrap.ts';

/** A ledger as a table, with what is wrong with it in words; without a newline at its end. While it is `open` records may be on their way. */
export function renderLedger(found: Ledger | undefined, options: RenderOptions, open = false): string {
  const { paint, width } = options;
  const title = paint('bold', 'Ledger');
  if (found === undefined) return `${title}\n  nothing was recorded`;
  const rows = recordKinds.flatMap(({ kind, name }) => {
    const entry = found.entries.find(candidate => candidate.kind === kind);
    if (entry === undefined) return [];
    const { produced, stored, rejected, lost } = entry;
    const rest = produced - stored - rejected - lost;
    const remark = open ? paint('dim', `${count(rest)} on their way`) : paint('red', `${count(rest)} unaccounted for`);
    return [
      [
        name,
        count(produced),
        count(stored),
        rejected === 0 ? '0' : paint('yellow', count(rejected)),
        lost === 0 ? '0' : paint('red', count(lost)),
        rest === 0 ? 'balanced' : remark,
      ],
    ];
  });
  const columns = [{ title: '' }, right('produced'), right('stored'), right('rejected'), right('lost'), { title: '' }];
  const lines = [found.final ? title : `${title} (provisional)`, table(columns, rows)];
  for (const mismatch of found.mismatches) lines.push(paint('red', wrap(mismatch, width, '  ! ')));
  for (const producer of found.missingProducers)
    lines.push(paint('red', wrap(`no final figures from ${producer}`, width, '  ! ')));
  return lines.join('\n');
}
