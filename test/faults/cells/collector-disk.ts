import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SEGMENT_HEADER } from '../../../edge/store/sqlite/journal-format.ts';
import { pageViews } from '../../support/page-views.ts';
import { canMount } from '../can-mount.ts';
import type { CellResult, CollectorCell } from '../cell.ts';
import type { MadeRecord } from '../ground-truth.ts';
import { type RunningCollector, startCollector } from '../running-collector.ts';
import { newBatch, type SpanBatch, sendBatch } from '../span-batches.ts';

/** What happens to the collector's files: the store's own tests go through every byte, here it is the whole process. */

const BATCHES = 40;

type Measured = Omit<CellResult, 'name'>;

async function inDirectory(work: (directory: string) => Promise<Measured>): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-disk-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What is there of `made`; what is missing beyond `mayMiss` spans, which the collector has told of, is unknown loss. */
async function judge(collector: RunningCollector, made: readonly MadeRecord[], mayMiss = 0): Promise<Measured> {
  const counts = await collector.stored(made);
  const missing = made.filter(({ id }) => !counts.has(id)).length;
  const duplicates = made.reduce((sum, { id }) => sum + Math.max(0, (counts.get(id) ?? 0) - 1), 0);
  const unknownLoss = Math.max(0, missing - mayMiss);
  const failed = unknownLoss > 0 ? `${unknownLoss} acknowledged spans are gone` : duplicates > 0 && 'stored twice';
  const n = made.length;
  const result = { n, deliveredNow: n - missing, deliveredLater: 0, duplicates, unknownLoss, pageErrors: 0 };
  return failed ? { ...result, failed } : result;
}

/** A journal as a killed collector leaves it, then `damage`; `mayMiss` of its spans may be missing, and it must say so. */
const damaged = (name: string, damage: (journal: Buffer) => Buffer, mayMiss: number): CollectorCell => ({
  name,
  fast: true,
  measure: () =>
    inDirectory(async (data) => {
      const made: MadeRecord[] = [];
      const first = await startCollector({ data });
      for (let sent = 0; sent < BATCHES; sent++) {
        const batch = newBatch();
        if ((await sendBatch(first, batch)) === 200) made.push(...batch.made);
      }
      await first.end('SIGKILL');
      const journal = join(data, 'journal');
      const path = join(journal, readdirSync(journal).sort().at(-1) as string);
      writeFileSync(path, damage(readFileSync(path)));

      const reports: string[] = [];
      const second = await startCollector({ data, onReport: (line) => reports.push(line) });
      const result = await judge(second, made, mayMiss);
      const more = newBatch();
      const status = await sendBatch(second, more);
      await second.end('SIGTERM');
      if (!reports.some((line) => line.includes('damaged'))) return { ...result, failed: 'it did not say so' };
      if (status !== 200) return { ...result, failed: `it answers ${status} afterwards` };
      return result;
    }),
});

/** The last write, cut off in its middle: begun, and never acknowledged. */
function tear(journal: Buffer): Buffer {
  const mark = journal.subarray(SEGMENT_HEADER.length, SEGMENT_HEADER.length + 4);
  const lastRecord = journal.subarray(journal.lastIndexOf(mark));
  return Buffer.concat([journal, lastRecord.subarray(0, lastRecord.length / 2)]);
}

function flip(journal: Buffer): Buffer {
  const flipped = Buffer.from(journal);
  const at = Math.floor(journal.length / 2);
  flipped[at] = (flipped[at] as number) ^ 0x10;
  return flipped;
}

const SPANS_OF_ONE_RECORD = newBatch().made.length;

/** Fills a small disk until it is refused, then makes room, without a restart. */
const full: CollectorCell = {
  name: 'the collector’s disk is full',
  fast: true,
  measure: () =>
    inDirectory(async (directory) => {
      const disk = join(directory, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      try {
        const collector = await startCollector({ data: join(disk, 'data') });
        const made: MadeRecord[] = [];
        const filler = join(disk, 'filler');
        const send = async (batch: SpanBatch) => {
          const status = await sendBatch(collector, batch);
          if (status === 200) made.push(...batch.made);
          return status;
        };
        await send(newBatch());
        fill(filler);
        let refused = newBatch();
        let status = await send(refused);
        while (status === 200) {
          refused = newBatch();
          status = await send(refused);
        }
        const whileFull = await judge(collector, made);
        rmSync(filler);
        const afterwards = await send(refused);
        const result = await judge(collector, made);
        await collector.end('SIGTERM');
        if (status !== 503) return { ...result, failed: `it answered ${status} when the disk was full` };
        if (afterwards !== 200) return { ...result, failed: `it answers ${afterwards} when there is room again` };
        return whileFull.failed ? whileFull : result;
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    }),
};

function fill(path: string): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4096), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

const OLD_VERSIONS = ['store-v1'];
/** How many page views of `pageViews` each of them holds. */
const OLD_VIEWS = 12;

const oldVersion = (version: string): CollectorCell => ({
  name: `the collector starts on what an older version stored (${version})`,
  fast: true,
  measure: () =>
    inDirectory(async (data) => {
      cpSync(fileURLToPath(new URL(`../../fixtures/${version}`, import.meta.url)), data, { recursive: true });
      const views = pageViews({ seed: 1 });
      const made = Array.from({ length: OLD_VIEWS }, () => views.next().value).flatMap(({ batches }) =>
        batches.flatMap(({ spans }) => spans.map(({ span: { traceId, spanId } }) => madeSpan(traceId, spanId))),
      );
      // They are of a day in the past, whatever today is.
      const collector = await startCollector({ data, args: ['--retention', '5000w'] });
      const batch = newBatch();
      const status = await sendBatch(collector, batch);
      const result = await judge(collector, [...made, ...batch.made]);
      await collector.end('SIGTERM');
      return status === 200 ? result : { ...result, failed: `it answers ${status}` };
    }),
});

const madeSpan = (traceId: string, id: string): MadeRecord => ({ traceId, id, kind: 'span', atMs: 0 });

export const COLLECTOR_DISK: readonly CollectorCell[] = [
  damaged('the journal’s last write is torn', tear, 0),
  damaged('a bit of the journal has flipped', flip, SPANS_OF_ONE_RECORD),
  ...(canMount() ? [full] : []),
  ...OLD_VERSIONS.map(oldVersion),
];
