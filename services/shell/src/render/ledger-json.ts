import type { Ledger } from '@galileo/proto/recorder';
import { recordKinds } from '@galileo/sdk';

function entryJson(entry: Ledger['entries'][number] | undefined) {
  if (entry === undefined) return { produced: null, stored: null, rejected: null, lost: null, unverified: null, unsettled: null };
  const { produced, stored, rejected, lost, unverified, unsettled } = entry;
  return { produced, stored, rejected, lost, unverified, unsettled };
}

/** A ledger as the two fields that the JSON output has of it; null for kinds that are not recorded. */
export function ledgerJson(ledger: Ledger | undefined) {
  const entries = recordKinds.map(({ kind, name }) => [name, entryJson(ledger?.entries.find(entry => entry.kind === kind))]);
  return {
    ledger: Object.fromEntries(entries) as Record<(typeof recordKinds)[number]['name'], ReturnType<typeof entryJson>>,
    reconciliation: {
      final: ledger?.final ?? false,
      mismatches: ledger?.mismatches ?? [],
      missing_producers: ledger?.missingProducers ?? [],
    },
  };
}
