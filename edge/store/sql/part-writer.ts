import type { TraceId } from '../../../src/wire/ids.ts';
import { encodeBlockFilter } from '../block-filter.ts';
import type { CountedRoutes } from '../counted-routes.ts';
import { distinctHashes } from '../distinct-hashes.ts';
import { BLOCK_TARGET_BYTES, type Codec, encodeBlock, SLOTS_PER_BLOCK } from '../encoding/block.ts';
import type { Chunk } from '../encoding/chunk.ts';
import { isOf } from '../person.ts';
import { countsFor, MEASURES, type Measurement, vitalsOf } from '../rollup.ts';
import { type SummaryState, traceStartUs } from '../summary.ts';
import type { RemoveSelector } from '../trace-store.ts';
import { widenBlockTimes, writeBlockTime } from './attribute-blocks.ts';
import { writeBlock } from './block-rows.ts';
import { removeTraces } from './remove-traces.ts';
import { readCounted } from './rollup-rows.ts';
import { RollupWriter } from './rollup-writer.ts';
import { firstRow, type SqlDriver } from './sql-driver.ts';
import { toRow, traceKey, UPSERT_TRACE } from './trace-row.ts';
import { writeVitals } from './vital-rows.ts';
import { WORD, WordWriter } from './words.ts';

export interface SealedChunk extends Chunk {
  /** Of all its attributes, by `addAttributeHashes`; any may come twice. */
  hashes: Uint32Array;
}

/** What is to be written of one trace. */
export interface SealedTrace {
  /** Of the whole trace, with what this part already holds of it. */
  state: SummaryState;
  chunks: readonly SealedChunk[];
  /** Of what the part already holds of the trace, when it holds something. */
  before: SummaryState | undefined;
  /** What the spans in `chunks` say of requests. */
  requests: readonly Measurement[];
  /** Spans and log records in `chunks`. */
  newSpans: number;
  newLogs: number;
}

/** Log records that belong to no trace. */
export interface SealedLoose {
  chunks: readonly Chunk[];
  keys: readonly number[];
  newLogs: number;
}

const HOUR_US = 3_600_000_000;
/** What began longer before or after its part is counted in the hour so far away: a sender's clock may say anything. */
const MAX_HOURS_AWAY = 32 * 24;

/** The one writer of a part. */
export class PartWriter {
  readonly #driver: SqlDriver;
  readonly #words: WordWriter;
  readonly #rollups: RollupWriter;
  readonly #baseUs: number;
  readonly #codec: Codec | undefined;
  #nextBlock: number;
  #nextTrace: number;
  #counted: CountedRoutes;

  constructor(driver: SqlDriver, codec?: Codec) {
    this.#driver = driver;
    this.#codec = codec;
    this.#words = new WordWriter(driver);
    this.#rollups = new RollupWriter(driver, this.#words);
    this.#baseUs = Number(firstRow(driver, 'SELECT base_us FROM total')?.base_us);
    this.#nextBlock = Number(firstRow(driver, 'SELECT max(id) AS last FROM block')?.last ?? 0) + 1;
    this.#nextTrace = Number(firstRow(driver, 'SELECT max(id) AS last FROM trace')?.last ?? 0) + 1;
    this.#counted = readCounted(driver, this.#words);
  }

  /**
   * Writes all or, when it throws, nothing.
   * @param traces asked for block by block
   */
  write(traces: Iterable<SealedTrace>, loose?: SealedLoose): void {
    const nextBlock = this.#nextBlock;
    const nextTrace = this.#nextTrace;
    try {
      this.#driver.transaction(() => {
        for (const group of groupByBytes(traces)) {
          this.#writeBlock(group);
          this.#rollUp(group);
          this.#count(group);
        }
        if (loose) this.#writeLoose(loose);
        this.#rollups.write();
      });
    } catch (error) {
      this.#nextBlock = nextBlock;
      this.#nextTrace = nextTrace;
      this.forget();
      throw error;
    }
  }

  /** Forgets what it knows of rows, for who rolled back a transaction around `write`. */
  forget(): void {
    this.#words.reset();
    this.#rollups.reset();
    this.#counted = readCounted(this.#driver, this.#words);
  }

  /** Takes these traces of a person out, the person's log records of no trace, and the person's id itself. */
  remove(traceIds: readonly TraceId[], selector: RemoveSelector): void {
    const codec = this.#codec;
    const [kind, text] = 'userId' in selector ? [WORD.person, selector.userId] : [WORD.session, selector.sessionId];
    this.#driver.transaction(() => {
      removeTraces(this.#driver, { traceIds, isRemoved: (record) => isOf(record, selector), codec });
      this.#driver.run('DELETE FROM word WHERE kind = ? AND text = ?', [kind, text]);
    });
    this.#words.reset();
  }

  #writeBlock(traces: readonly SealedTrace[]): void {
    const block = this.#insertBlock(traces.map(({ chunks }) => chunks));
    this.#writeFilter(block, traces);
    writeBlockTime(
      this.#driver,
      block,
      traces.map(({ state }) => traceStartUs(state) - this.#baseUs),
    );
    traces.forEach((trace, slot) => {
      const place = block * SLOTS_PER_BLOCK + slot;
      const row = toRow(trace.state, place, this.#baseUs, this.#words);
      const id = this.#traceRow(trace);
      this.#driver.run(UPSERT_TRACE, [id, ...row]);
      const startUs = traceStartUs(trace.state);
      if (trace.before && traceStartUs(trace.before) !== startUs)
        widenBlockTimes(this.#driver, id, startUs - this.#baseUs);
      if (trace.before) this.#driver.run('INSERT INTO fragment(trace, place) VALUES(?, ?)', [id, place]);
      writeVitals(this.#driver, this.#words, id, trace.state);
    });
  }

  #traceRow({ before, state }: SealedTrace): number {
    if (!before) return this.#nextTrace++;
    const row = firstRow(this.#driver, 'SELECT id FROM trace WHERE trace_id = ?', [traceKey(state.traceId)]);
    return Number(row?.id);
  }

  #writeFilter(block: number, traces: readonly SealedTrace[]): void {
    const hashes = distinctHashes(traces.flatMap(({ chunks }) => chunks.map((chunk) => chunk.hashes)));
    this.#driver.run('INSERT INTO block_filter(block, bits) VALUES(?, ?)', [block, encodeBlockFilter(hashes)]);
  }

  #writeLoose(loose: SealedLoose): void {
    const block = this.#insertBlock([loose.chunks]);
    this.#driver.run('INSERT INTO loose(place) VALUES(?)', [block * SLOTS_PER_BLOCK]);
    for (const key of loose.keys) this.#driver.run('INSERT OR IGNORE INTO loose_key(key) VALUES(?)', [key]);
    this.#addTotals(0, 0, loose.newLogs);
  }

  #insertBlock(slots: readonly (readonly Chunk[])[]): number {
    const block = this.#nextBlock;
    writeBlock(this.#driver, block, encodeBlock(slots, this.#codec));
    this.#nextBlock += 1;
    return block;
  }

  #rollUp(traces: readonly SealedTrace[]): void {
    const baseHour = Math.floor(this.#baseUs / HOUR_US);
    const add = (measurement: Measurement): void => {
      const hour = Math.min(baseHour + MAX_HOURS_AWAY, Math.max(baseHour - MAX_HOURS_AWAY, measurement.hour));
      const placed = this.#counted.place(hour === measurement.hour ? measurement : { ...measurement, hour });
      for (const measure of MEASURES) if (countsFor(placed, measure)) this.#rollups.add(measure, placed);
    };
    for (const { requests, before, state } of traces) {
      for (const request of requests) add(request);
      // A vital is known better, or its route is, than when it was counted: the old one goes, the new one comes.
      if (before) for (const vital of vitalsOf(before, -1)) add(vital);
      for (const vital of vitalsOf(state, 1)) add(vital);
    }
  }

  #count(traces: readonly SealedTrace[]): void {
    let added = 0;
    let spans = 0;
    let logs = 0;
    for (const trace of traces) {
      if (!trace.before) added += 1;
      spans += trace.newSpans;
      logs += trace.newLogs;
    }
    this.#addTotals(added, spans, logs);
  }

  #addTotals(traces: number, spans: number, logs: number): void {
    this.#driver.run('UPDATE total SET traces = traces + ?, spans = spans + ?, logs = logs + ?', [traces, spans, logs]);
  }
}

function* groupByBytes(traces: Iterable<SealedTrace>): Generator<SealedTrace[]> {
  let group: SealedTrace[] = [];
  let bytes = 0;
  for (const trace of traces) {
    group.push(trace);
    for (const chunk of trace.chunks) bytes += chunk.body.length + chunk.ids.length;
    if (bytes >= BLOCK_TARGET_BYTES || group.length === SLOTS_PER_BLOCK) {
      yield group;
      group = [];
      bytes = 0;
    }
  }
  if (group.length > 0) yield group;
}
