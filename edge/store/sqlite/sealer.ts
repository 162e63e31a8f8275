import type { LiveTrace } from '../live-trace.ts';
import type { LiveTraces } from '../live-traces.ts';
import { groupTraces, sealLoose, sealTrace } from '../seal-trace.ts';
import type { Journal } from './journal.ts';
import type { PartFile } from './part-file.ts';
import type { PartFiles } from './part-files.ts';
import { reason } from './store-file.ts';

export interface SealerOptions {
  live: LiveTraces<PartFile>;
  parts: PartFiles;
  journal: Journal;
  quietMs: number;
  report: (message: string) => void;
}

const TICK_MS = 1000;
/** Memory for traces that wait; beyond it those longest without news are sealed first. */
const LIVE_BYTES = 16 * 1024 * 1024;
/** Beyond it answers wait for blocks: memory stays bounded, and senders see how fast the disk is. */
const MAX_WAITING_BYTES = 2 * LIVE_BYTES;
/** Written in one transaction, with one sync: some blocks. Statistics are written once a transaction, so few are better. */
const GROUP_BYTES = 4 * 1024 * 1024;
/** Fewer quiet traces than this wait for company, so that blocks are worth compressing, but not longer than this. */
const COMPANY_BYTES = 192 * 1024;
const MAX_WAIT_MS = 120_000;
/** Segments that only a few long traces hold on to are freed by sealing those. */
const MAX_SEGMENTS = 8;

/** Moves traces from memory and journal into blocks, in the background, and deletes the journal behind them. */
export class Sealer {
  readonly #options: SealerOptions;
  // Chunks of each segment that are in no block yet.
  readonly #open = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #scheduled = false;
  #awaitingRoom: ((hasWritten: boolean) => void)[] = [];

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => this.#schedule(), TICK_MS);
    this.#timer.unref();
    this.#schedule();
  }

  /** A segment from before, which is deleted when all that is read from it is sealed. */
  adopt(segment: number): void {
    this.#open.set(segment, 0);
  }

  /** Chunks were made readable that lie in this segment of the journal. */
  added(segment: number, chunks: number): void {
    this.#open.set(segment, (this.#open.get(segment) ?? 0) + chunks);
    if (this.#options.live.bytes > LIVE_BYTES) this.#schedule();
  }

  /** Whether more waits than memory is meant for. */
  get isBehind(): boolean {
    return this.#options.live.bytes > MAX_WAITING_BYTES;
  }

  /** Resolves when something was moved into blocks; with false when nothing could be. */
  nextWrite(): Promise<boolean> {
    this.#schedule();
    return new Promise((resolve) => {
      this.#awaitingRoom.push(resolve);
    });
  }

  journalBytes(): number {
    return this.#options.journal.bytes;
  }

  /** Seals what last changed before a time, epoch ms. */
  sealOlderThan(ms: number): Promise<void> {
    return this.#run((waiting) => waiting.filter(({ state }) => state.updatedMs < ms));
  }

  sealAll(): Promise<void> {
    return this.#run((waiting) => waiting);
  }

  /** Does `work` while no block is written, so that what is in memory and what is in blocks stay as they are. */
  async between<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#running.then(work);
    this.#running = run.then(
      () => undefined,
      // Who asked is told.
      () => undefined,
    );
    return run;
  }

  /** Seals everything and deletes the whole journal behind it. */
  async sealJournal(): Promise<void> {
    await this.#options.journal.rotate();
    await this.sealAll();
  }

  /** Seals everything and ends; the journal is closed before. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.sealAll();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    void this.#run((waiting) => {
      // What comes from now on is not in `waiting`: it may ask for a run of its own.
      this.#scheduled = false;
      return this.#due(waiting);
    });
  }

  // One run at a time; each looks at what there is when its turn comes.
  #run(select: (waiting: LiveTrace<PartFile>[]) => LiveTrace<PartFile>[]): Promise<void> {
    const run = this.#running.then(async () => {
      const waiting = [...this.#options.live.all()].filter(({ chunks }) => chunks.length > 0);
      const selected = select(waiting);
      if (selected.length === 0) this.#tellRoom(false);
      await this.#seal(selected);
    });
    this.#running = run.catch((error: unknown) => {
      this.#options.report(`Traces could not be moved from the journal into blocks, and stay there: ${reason(error)}.`);
      this.#tellRoom(false);
    });
    return this.#running;
  }

  #tellRoom(hasWritten: boolean): void {
    for (const resolve of this.#awaitingRoom.splice(0)) resolve(hasWritten);
  }

  #due(waiting: LiveTrace<PartFile>[]): LiveTrace<PartFile>[] {
    const { live, quietMs } = this.#options;
    const nowMs = performance.now();
    const due = new Set<LiveTrace<PartFile>>();
    let excess = live.bytes > LIVE_BYTES ? live.bytes - LIVE_BYTES / 2 : 0;
    for (const trace of waiting) {
      if (excess <= 0) break;
      due.add(trace);
      excess -= trace.bytes;
    }
    const segments = [...this.#open.keys()];
    const oldest = segments.at(-MAX_SEGMENTS) ?? 0;
    const quiet: LiveTrace<PartFile>[] = [];
    let quietBytes = 0;
    for (const trace of waiting) {
      const waitedMs = nowMs - trace.waitingSinceMs;
      if (waitedMs > MAX_WAIT_MS || (trace.chunks[0]?.segment ?? oldest) < oldest) due.add(trace);
      if (nowMs - trace.touchedMs < quietMs) continue;
      quiet.push(trace);
      quietBytes += trace.bytes;
    }
    if (quietBytes >= COMPANY_BYTES || due.size > 0) for (const trace of quiet) due.add(trace);
    return [...due];
  }

  async #seal(traces: readonly LiveTrace<PartFile>[]): Promise<void> {
    const byPart = new Map<PartFile | undefined, LiveTrace<PartFile>[]>();
    for (const trace of traces) {
      const group = byPart.get(trace.home);
      if (group) group.push(trace);
      else byPart.set(trace.home, [trace]);
    }
    for (const [home, group] of byPart) {
      for (const some of groupTraces(group, GROUP_BYTES)) {
        await this.#write(home, some);
      }
    }
    this.#freeSegments();
  }

  async #write(home: PartFile | undefined, traces: readonly LiveTrace<PartFile>[]): Promise<void> {
    const { live, parts } = this.#options;
    const lastMs = traces.reduce((last, { state }) => Math.max(last, state.updatedMs), 0);
    const part = home ?? parts.current(lastMs);
    const loose = traces.find(({ traceId }) => traceId === '');
    // As they are now: more may come for them while they are written.
    const counts = traces.map(({ chunks }) => chunks.length);
    const sealed = traces.filter((trace) => trace !== loose).map(sealTrace);
    const added = sealed.flatMap(({ before, state }) => (before ? [] : [state.traceId]));
    await part.write(sealed, loose && sealLoose(loose), added);
    traces.forEach((trace, i) => {
      const count = counts[i] as number;
      for (const { segment } of trace.chunks.slice(0, count)) {
        this.#open.set(segment, (this.#open.get(segment) ?? 0) - 1);
      }
      live.sealed(trace, count, part);
    });
    this.#tellRoom(true);
  }

  #freeSegments(): void {
    const { journal } = this.#options;
    for (const [segment, open] of this.#open) {
      if (open > 0 || segment === journal.writing) continue;
      journal.remove(segment);
      this.#open.delete(segment);
    }
  }
}
