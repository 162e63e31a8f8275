import { ATTR_REQUEST_PHASES, ATTR_TIMING_OPAQUE } from '../../../src/wire/names.ts';
import type { SpanView } from '../../trace/trace-view.ts';
import { spanAt, type TraceModel } from './trace-model.ts';

export interface Phase {
  name: string;
  /** ms from the span's start. */
  fromMs: number;
  toMs: number;
}

const PHASE_TITLES: Record<string, string> = {
  redirect: 'Redirects',
  worker: 'Service worker',
  queue: 'Waiting for a connection',
  stall: 'Waiting for a connection',
  dns: 'DNS lookup',
  connect: 'Connecting',
  tls: 'TLS handshake',
  request: 'Sending the request',
  wait: 'Waiting for the first byte',
  body: 'Receiving the body',
};

export function phaseTitle(name: string): string {
  return Object.hasOwn(PHASE_TITLES, name) ? (PHASE_TITLES[name] as string) : name;
}

/** At most this many phases are read: the attribute is foreign input and a request has about eight. */
const MAX_PHASES = 16;

/** The request phases of a browser span; empty when it has none, or when the server hid them. */
export function readPhases(span: SpanView): Phase[] {
  const text = span.attributes[ATTR_REQUEST_PHASES];
  if (typeof text !== 'string' || span.attributes[ATTR_TIMING_OPAQUE] === true) return [];
  const phases: Phase[] = [];
  for (const part of text.split(' ', MAX_PHASES)) {
    const match = /^([a-z_]{1,24}):(\d{1,9}(?:\.\d{1,9})?)-(\d{1,9}(?:\.\d{1,9})?)$/.exec(part);
    if (!match) continue;
    const fromMs = Number(match[2]);
    const toMs = Number(match[3]);
    if (toMs >= fromMs) phases.push({ name: match[1] as string, fromMs, toMs });
  }
  return phases;
}

/** The time between a client span and the server span that answered it: on the way there, and on the way back. */
export interface Hop {
  /** Slot of the answering span. */
  server: number;
  outMs: number;
  backMs: number;
}

/**
 * The hop a span makes to another service: its first child that a different service ran. `undefined` when there is none
 * or when clocks disagree so much that the answer does not lie inside the question.
 */
export function readHop(model: TraceModel, slot: number): Hop | undefined {
  const span = spanAt(model, slot);
  const last = model.end[slot] as number;
  for (let child = slot + 1; child < last; child = model.end[child] as number) {
    const candidate = spanAt(model, child);
    const answers = candidate.kind === 'server' || candidate.kind === 'consumer';
    if (!answers || (candidate.service === span.service && candidate.layer === span.layer)) continue;
    const outMs = (model.startMs[child] as number) - (model.startMs[slot] as number);
    const backMs = (model.endMs[slot] as number) - (model.endMs[child] as number);
    return outMs >= 0 && backMs >= 0 ? { server: child, outMs, backMs } : undefined;
  }
  return undefined;
}
