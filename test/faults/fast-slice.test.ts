import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CellResult } from './cell.ts';
import { CELLS, openLab, runCells } from './matrix.ts';

/** The cells that run on every change; `npm run test:faults` runs all of them. */
const FAST = CELLS.filter(({ fast }) => fast);

let lab: Awaited<ReturnType<typeof openLab>>;
let results: CellResult[];

beforeAll(async () => {
  lab = await openLab();
  results = await runCells(FAST, lab, () => undefined);
}, 400_000);
afterAll(() => lab?.close());

test.each(FAST.map(({ name }) => name))('%s: nothing is lost without a reason, nothing is counted twice', (name) => {
  const result = results.find((one) => one.name === name);
  // It says which page's books do not add up, so it is looked at first.
  expect(result?.failed).toBeUndefined();
  expect(result).toMatchObject({ duplicates: 0, unknownLoss: 0, pageErrors: 0 });
  expect(result?.n).toBeGreaterThan(0);
});

test('the collector, which adds up what all these pages said, knows of no unknown loss either', async () => {
  const { pages, produced, acknowledged, unknownLoss } = await lab.collector.agents();
  expect(pages).toBeGreaterThan(10);
  expect(acknowledged).toBeGreaterThan(produced / 2);
  expect(unknownLoss).toBe(0);
});
