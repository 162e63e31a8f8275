import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLossLedger, type LossLedger } from '../collector/ledger/loss-ledger.ts';

/** The loss ledger of a data directory, across restarts. */
export interface LedgerFile {
  ledger: LossLedger;
  /** Writes it when something changed since the last time. Whole, so that a crash leaves the old one or the new one. */
  save(): void;
}

/**
 * Opens `<directory>/ledger.json`. One that cannot be read is reported and begun anew: agents tell their totals again
 * with every batch, and no trace depends on it.
 */
export function openLedgerFile(directory: string, report: (message: string) => void): LedgerFile {
  const path = join(directory, 'ledger.json');
  const ledger = load(path, report);
  let savedVersion = ledger.version;
  return {
    ledger,
    save() {
      if (ledger.version === savedVersion) return;
      savedVersion = ledger.version;
      try {
        writeFileSync(`${path}.new`, JSON.stringify(ledger.snapshot()), { mode: 0o600 });
        renameSync(`${path}.new`, path);
      } catch (error) {
        report(`the loss ledger could not be written to ${path}: ${String(error)}`);
      }
    },
  };
}

function load(path: string, report: (message: string) => void): LossLedger {
  try {
    return createLossLedger(Date.now, JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      report(`${path} cannot be read and is begun anew: ${String(error)}`);
    return createLossLedger();
  }
}
