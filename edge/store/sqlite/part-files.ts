import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceId } from '../../../src/wire/ids.ts';
import { createSearch } from '../search.ts';
import type { SummaryState } from '../summary.ts';
import type { TraceFilter } from '../trace-store.ts';
import { syncDirectory } from './journal.ts';
import { PartFile } from './part-file.ts';
import type { PartRef } from './part-reads.ts';
import { askReadThread } from './read-thread.ts';
import { reason, StoreOpenError } from './store-file.ts';
import { askWriteThread } from './write-thread.ts';

export interface PartFilesOptions {
  directory: string;
  /** A part takes what comes within this time; deleting it is what retention does. */
  periodMs: number;
  /** A part of this size is followed by the next. */
  maxPartBytes: number;
}

/** All parts of a store, oldest first; the last one takes new traces. */
export class PartFiles {
  readonly #options: PartFilesOptions;
  readonly #parts: PartFile[] = [];

  /** @throws {StoreOpenError} when the directory or one of its parts cannot be used */
  constructor(options: PartFilesOptions) {
    this.#options = options;
    const { directory } = options;
    try {
      mkdirSync(directory, { recursive: true });
      const numbers = readdirSync(directory).flatMap((name) => {
        const number = /^(\d{8})\.db$/.exec(name)?.[1];
        return number === undefined ? [] : [Number(number)];
      });
      for (const number of numbers.sort((a, b) => a - b)) {
        this.#parts.push(new PartFile(partPath(directory, number), number, 0));
      }
    } catch (cause) {
      this.close();
      if (cause instanceof StoreOpenError) throw cause;
      throw new StoreOpenError(`Cannot read the store's directory ${directory}: ${reason(cause)}.`, { cause });
    }
  }

  all(): readonly PartFile[] {
    return this.#parts;
  }

  /** The part that holds something of a trace. */
  holding(traceId: TraceId): { part: PartFile; state: SummaryState } | undefined {
    for (let i = this.#parts.length - 1; i >= 0; i -= 1) {
      const part = this.#parts[i];
      const state = part?.mayHold(traceId) ? part.reader.summary(traceId) : undefined;
      if (part && state) return { part, state };
    }
    return undefined;
  }

  /** The part for a trace that is in none. A clock that went back changes nothing: time only opens new parts. */
  current(receivedAtMs: number): PartFile {
    const { directory, periodMs, maxPartBytes } = this.#options;
    const last = this.#parts.at(-1);
    if (last && receivedAtMs < last.fromMs + periodMs && last.bytes() < maxPartBytes) return last;
    const number = (last?.number ?? 0) + 1;
    const period = Math.floor(receivedAtMs / periodMs) * periodMs;
    const part = new PartFile(partPath(directory, number), number, Math.max(period, last?.fromMs ?? 0));
    syncDirectory(directory);
    this.#parts.push(part);
    return part;
  }

  async drop(part: PartFile): Promise<void> {
    this.#parts.splice(this.#parts.indexOf(part), 1);
    await askReadThread('release', [part.path]);
    part.close();
    await askWriteThread('release', [[part.path]]);
    part.delete();
  }

  /** The parts that hold traces, for the reading thread. */
  refs(): PartRef[] {
    return this.#parts.flatMap(({ path, totals: { newestMs } }) =>
      newestMs === undefined ? [] : [{ path, newestMs }],
    );
  }

  /** Traces of a session, or of a user, in all parts. */
  *tracesOf(filter: TraceFilter): Generator<{ part: PartFile; state: SummaryState }> {
    const search = createSearch(filter);
    for (const part of this.#parts) for (const state of part.reader.search(search)) yield { part, state };
  }

  bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes(), 0);
  }

  /** Gives up all files, in every thread. */
  async release(): Promise<void> {
    const paths = this.#parts.map(({ path }) => path);
    await askReadThread('release', paths);
    this.close();
    await askWriteThread('release', [paths]);
  }

  /** Gives up what this thread has open. */
  close(): void {
    for (const part of this.#parts.splice(0)) part.close();
  }
}

function partPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(8, '0')}.db`);
}
