import { parseArgs } from 'node:util';
import type { CellResult } from './cell.ts';
import { CELLS, openLab, runCells } from './matrix.ts';

// `npm run test:faults [-- --json] [-- --fast] [-- --only <part of a name>]`: the whole matrix, a line a cell.

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, fast: { type: 'boolean' }, only: { type: 'string' } },
});
const wanted = CELLS.filter(({ name, fast }) => (!values.fast || fast) && name.includes(values.only ?? ''));
if (wanted.length === 0) {
  console.error(`No cell is named "${values.only}". There are:\n${CELLS.map(({ name }) => `  ${name}`).join('\n')}`);
  process.exit(1);
}

const columns = ['n', 'now', 'later', 'twice', 'unknown', 'errors'];
const row = (cells: readonly unknown[], rest: string) =>
  console.error(`${cells.map((cell) => String(cell).padStart(7)).join(' ')}  ${rest}`);
const lab = await openLab();
let results: CellResult[];
try {
  row(columns, 'cell');
  results = await runCells(wanted, lab, (result) => {
    const { n, deliveredNow, deliveredLater, duplicates, unknownLoss, pageErrors, name, failed } = result;
    const verdict = failed ? `  FAILED: ${failed}` : '';
    row([n, deliveredNow, deliveredLater, duplicates, unknownLoss, pageErrors], name + verdict);
  });
  // The collector's own account of all cells together.
  const { pages, produced, acknowledged, pending, dropped, unknownLoss } = await lab.collector.agents();
  console.error(
    `ledger of ${pages} pages: ${JSON.stringify({ produced, acknowledged, pending, dropped, unknownLoss })}`,
  );
  if (unknownLoss > 0) process.exitCode = 1;
} finally {
  await lab.close();
}
const failures = results.filter(({ failed }) => failed !== undefined);
console.error(`${results.length} cells, ${failures.length} failed`);
if (values.json) {
  const order = new Map(CELLS.map(({ name }, index) => [name, index]));
  results.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  console.log(JSON.stringify({ cells: results.map((result) => ({ ...result, failed: result.failed ?? false })) }));
}
if (failures.length > 0) process.exitCode = 1;
