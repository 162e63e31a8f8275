import { MEASURES, type Measurement } from '../rollup.ts';
import type { SealedChunk, SealedTrace } from '../sql/part-writer.ts';
import type { SummaryState } from '../summary.ts';
import { VITAL_NAMES, type Vitals } from '../web-vital.ts';
import { NumberList } from './number-list.ts';

/**
 * Sealed traces on their way to another thread. Numbers and chunks are stretches of memory, which are handed over and not
 * copied; each text goes once. Cloning objects would cost more than all else here.
 */
export interface SealedMessage {
  texts: string[];
  /** Of each trace in turn; a text by its place in `texts`. */
  numbers: Float64Array<ArrayBuffer>;
  /** Ids and body of each chunk. */
  bytes: Uint8Array<ArrayBuffer>;
  hashes: Uint32Array<ArrayBuffer>;
  /** Of each chunk: bytes of ids, bytes of body, hashes. */
  lengths: Uint32Array<ArrayBuffer>;
}

/** Stands for a vital that is not known: none is negative. */
const NO_VITAL = -1;

export function packSealed(traces: readonly SealedTrace[]): SealedMessage {
  const texts = new TextList();
  const numbers = new NumberList(traces.length * 64);
  for (const { state, before, requests, newSpans, newLogs, chunks } of traces) {
    numbers.push(newSpans);
    numbers.push(newLogs);
    numbers.push(chunks.length);
    numbers.push(before ? 1 : 0);
    numbers.push(requests.length);
    for (const request of requests) putRequest(numbers, texts, request);
    putState(numbers, texts, state);
    if (before) putState(numbers, texts, before);
  }
  return { texts: texts.all, numbers: numbers.copy(), ...packChunks(traces.flatMap(({ chunks }) => chunks)) };
}

/** What can be handed over with a message. */
export function buffersOf({ numbers, bytes, hashes, lengths }: SealedMessage): ArrayBuffer[] {
  return [numbers.buffer, bytes.buffer, hashes.buffer, lengths.buffer];
}

/** The traces of a message, made as they are asked for: who writes them needs some at a time. */
export function* unpackSealed({ texts, numbers, ...packed }: SealedMessage): Generator<SealedTrace> {
  const nextChunk = chunksOf(packed);
  const from = new Source(texts, numbers);
  while (!from.done) {
    const newSpans = from.number();
    const newLogs = from.number();
    const chunkCount = from.number();
    const hasBefore = from.flag();
    const requests: Measurement[] = [];
    for (let left = from.number(); left > 0; left -= 1) requests.push(takeRequest(from));
    const state = takeState(from);
    const before = hasBefore ? takeState(from) : undefined;
    const chunks: SealedChunk[] = [];
    while (chunks.length < chunkCount) chunks.push(nextChunk());
    yield { state, before, requests, newSpans, newLogs, chunks };
  }
}

function packChunks(chunks: readonly SealedChunk[]): Pick<SealedMessage, 'bytes' | 'hashes' | 'lengths'> {
  const lengths = new Uint32Array(chunks.length * 3);
  let byteLength = 0;
  let hashCount = 0;
  chunks.forEach(({ ids, body, hashes }, i) => {
    lengths[i * 3] = ids.length;
    lengths[i * 3 + 1] = body.length;
    lengths[i * 3 + 2] = hashes.length;
    byteLength += ids.length + body.length;
    hashCount += hashes.length;
  });
  const bytes = new Uint8Array(byteLength);
  const allHashes = new Uint32Array(hashCount);
  let at = 0;
  let hashAt = 0;
  for (const { ids, body, hashes } of chunks) {
    bytes.set(ids, at);
    bytes.set(body, at + ids.length);
    at += ids.length + body.length;
    allHashes.set(hashes, hashAt);
    hashAt += hashes.length;
  }
  return { bytes, hashes: allHashes, lengths };
}

function chunksOf({ bytes, hashes, lengths }: Pick<SealedMessage, 'bytes' | 'hashes' | 'lengths'>): () => SealedChunk {
  const all = Buffer.from(bytes.buffer);
  let at = 0;
  let hashAt = 0;
  let next = 0;
  return () => {
    const bodyAt = at + (lengths[next] as number);
    const end = bodyAt + (lengths[next + 1] as number);
    const hashEnd = hashAt + (lengths[next + 2] as number);
    const ids = all.subarray(at, bodyAt);
    const chunk = { ids, body: all.subarray(bodyAt, end), hashes: hashes.subarray(hashAt, hashEnd) };
    at = end;
    hashAt = hashEnd;
    next += 3;
    return chunk;
  };
}

/** Texts, each once. */
class TextList {
  readonly all: string[] = [];
  readonly #places = new Map<string, number>();

  place(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.all.length;
      this.#places.set(text, place);
      this.all.push(text);
    }
    return place;
  }
}

/** Takes out of a message what was put into it, in the same order. */
class Source {
  readonly #texts: readonly string[];
  readonly #numbers: Float64Array;
  #at = 0;

  constructor(texts: readonly string[], numbers: Float64Array) {
    this.#texts = texts;
    this.#numbers = numbers;
  }

  get done(): boolean {
    return this.#at >= this.#numbers.length;
  }

  number(): number {
    const number = this.#numbers[this.#at] as number;
    this.#at += 1;
    return number;
  }

  flag(): boolean {
    return this.number() === 1;
  }

  text(): string {
    return this.#texts[this.number()] as string;
  }
}

// What a request says; the other fields of a measurement are of web vitals alone.
function putRequest(into: NumberList, texts: TextList, request: Measurement): void {
  into.push(MEASURES.indexOf(request.measure));
  into.push(request.hour);
  into.push(texts.place(request.service));
  into.push(texts.place(request.route));
  into.push(texts.place(request.device));
  into.push(request.value);
  into.push(request.units);
  into.push(request.error ? 1 : 0);
  into.push(request.isRoot ? 1 : 0);
  into.push(request.isServed ? 1 : 0);
}

// Fields are taken in the order they stand in.
function takeRequest(from: Source): Measurement {
  return {
    measure: MEASURES[from.number()] as Measurement['measure'],
    hour: from.number(),
    service: from.text(),
    route: from.text(),
    device: from.text(),
    value: from.number(),
    units: from.number(),
    error: from.flag(),
    isRoot: from.flag(),
    isServed: from.flag(),
  };
}

function putState(into: NumberList, texts: TextList, state: SummaryState): void {
  into.push(texts.place(state.traceId));
  into.push(state.startUs);
  into.push(state.endUs);
  into.push(state.loggedUs);
  into.push(texts.place(state.name));
  into.push(texts.place(state.service));
  into.push(texts.place(state.device));
  into.push(texts.place(state.browser));
  into.push(texts.place(state.country));
  into.push(texts.place(state.release));
  into.push(state.weight);
  into.push(state.namedUs);
  into.push(state.hasRoot ? 1 : 0);
  into.push(state.isPageView ? 1 : 0);
  into.push(texts.place(state.route));
  into.push(state.routeRank);
  into.push(state.routedUs);
  into.push(texts.place(state.activity));
  into.push(state.services.length);
  for (const service of state.services) into.push(texts.place(service));
  into.push(state.spans);
  into.push(state.logs);
  into.push(state.errors);
  into.push(texts.place(state.sessionId));
  into.push(texts.place(state.userId));
  into.push(state.updatedMs);
  for (const vital of VITAL_NAMES) into.push(state.vitals[vital] ?? NO_VITAL);
  for (const vital of VITAL_NAMES) into.push(texts.place(state.targets[vital] ?? ''));
}

// Fields are taken in the order they stand in.
function takeState(from: Source): SummaryState {
  return {
    traceId: from.text(),
    startUs: from.number(),
    endUs: from.number(),
    loggedUs: from.number(),
    name: from.text(),
    service: from.text(),
    device: from.text(),
    browser: from.text(),
    country: from.text(),
    release: from.text(),
    weight: from.number(),
    namedUs: from.number(),
    hasRoot: from.flag(),
    isPageView: from.flag(),
    route: from.text(),
    routeRank: from.number(),
    routedUs: from.number(),
    activity: from.text(),
    services: takeTexts(from),
    spans: from.number(),
    logs: from.number(),
    errors: from.number(),
    sessionId: from.text(),
    userId: from.text(),
    updatedMs: from.number(),
    vitals: takeVitals(from),
    targets: takeTargets(from),
  };
}

function takeTexts(from: Source): string[] {
  const texts: string[] = [];
  for (let left = from.number(); left > 0; left -= 1) texts.push(from.text());
  return texts;
}

function takeVitals(from: Source): Vitals['vitals'] {
  const vitals: Vitals['vitals'] = {};
  for (const vital of VITAL_NAMES) {
    const value = from.number();
    if (value !== NO_VITAL) vitals[vital] = value;
  }
  return vitals;
}

function takeTargets(from: Source): Vitals['targets'] {
  const targets: Vitals['targets'] = {};
  for (const vital of VITAL_NAMES) {
    const target = from.text();
    if (target !== '') targets[vital] = target;
  }
  return targets;
}
