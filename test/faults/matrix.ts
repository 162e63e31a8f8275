import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchBrowser } from '../support/browser.ts';
import type { Cell, CellResult, CollectorCell } from './cell.ts';
import { ANSWERS } from './cells/answers.ts';
import { COLLECTOR_DISK } from './cells/collector-disk.ts';
import { COLLECTOR_SIDE } from './cells/collector-side.ts';
import { LEAVING } from './cells/leaving.ts';
import { SURROUNDINGS } from './cells/surroundings.ts';
import { startFaultSite } from './fault-site.ts';
import { type Lab, runCell } from './run-cell.ts';
import { startCollector } from './running-collector.ts';

/** Every fault there is a cell for. */
export const CELLS: readonly (Cell | CollectorCell)[] = [
  // The longest of all are among these: begun last, they would be what everything waits for.
  ...COLLECTOR_SIDE,
  ...LEAVING,
  ...ANSWERS,
  ...SURROUNDINGS,
  ...COLLECTOR_DISK,
];

/** Cells mostly wait: so many share the two cores CI has. */
const AT_ONCE = 4;

/** Browser, site and collector for cells. */
export async function openLab(): Promise<Lab & { close(): Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), 'throughline-faults-'));
  // Playwright switches the back/forward cache off; people have it on.
  const [browser, site, collector] = await Promise.all([
    launchBrowser(['--disable-back-forward-cache']),
    startFaultSite(),
    startCollector({ data }),
  ]);
  return {
    browser,
    site,
    collector,
    async close() {
      await browser.close();
      await site.close();
      await collector.end('SIGTERM');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Runs `cells`, a few at a time, and tells each result as it comes. A cell that breaks is a failed one. */
export async function runCells(
  cells: readonly (Cell | CollectorCell)[],
  lab: Lab,
  onResult: (result: CellResult) => void,
): Promise<CellResult[]> {
  const waiting = [...cells];
  const results: CellResult[] = [];
  const work = async () => {
    for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
      const broken = {
        name: cell.name,
        n: 0,
        deliveredNow: 0,
        deliveredLater: 0,
        duplicates: 0,
        unknownLoss: 0,
        pageErrors: 0,
      };
      const run =
        'run' in cell ? runCell(cell, lab) : cell.measure().then((result) => ({ name: cell.name, ...result }));
      const result = await run.catch((error) => ({ ...broken, failed: String(error) }));
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
