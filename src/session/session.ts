import { readStored, writeStored } from '../browser/storage.ts';
import { createSpanId, randomHex } from '../wire/ids.ts';
import { isKept, type SamplingState, thresholdOf } from '../wire/sampling.ts';
import type { EpochMs } from '../wire/time.ts';

/** A session ends after this long without use, and after `MAX_SESSION_MS` in any case. */
export const IDLE_SESSION_MS = 15 * 60_000;
export const MAX_SESSION_MS = 4 * 3600_000;
/** Storage is written at most this often for use alone. */
const WRITE_EVERY_MS = 5_000;
/** And read: this is asked twice for each span. */
const READ_EVERY_MS = 5_000;

export interface Session {
  readonly id: string;
  readonly previousId?: string;
  /** 56 random bits all traces of the session share, so that it is sampled as a whole. */
  readonly rv: string;
  readonly startMs: EpochMs;
  readonly lastUseMs: EpochMs;
  /** Advice of the collector that lasts as long as the session. */
  readonly advisedRatio?: number;
}

export interface Sessions {
  /** The session of now; begins one when the last is over. Checked by the wall clock, for tabs sleep. */
  current(): Session;
  /** Says that somebody uses the page. */
  touch(): void;
  /** Keeps the collector's advice for the rest of the session. */
  advise(ratio: number): void;
  /** Whether this session's traces are recorded, and what is written into their trace state. */
  sample(): { isSampled: boolean; state: SamplingState };
  /** Forgets it here and in storage; the next call of `current` begins a new one. */
  forget(): void;
}

export interface SessionsOptions {
  now(): EpochMs;
  sampleRatio: number;
  /** What the loader's headers carried already, for a session that begins now. */
  rv?: string | undefined;
  /** Whether the session may be kept in storage, which is what lets tabs share it. Asked each time. */
  mayStore(): boolean;
  /** Called for each session that begins here. */
  began?(session: Session): void;
}

export function createSessions({ now, sampleRatio, rv: givenRv, mayStore, began }: SessionsOptions): Sessions {
  let session: Session | undefined;
  let writtenMs = 0;
  let readMs = 0;

  function keep(next: Session): Session {
    session = next;
    if (mayStore()) writeStored('throughline.session', next);
    writtenMs = now();
    return next;
  }
  function current(): Session {
    const nowMs = now();
    // Another tab may have begun one, or used it, since; storage is read when ours looks over, and now and then.
    if (mayStore() && (!session || isOver(session, nowMs) || nowMs - Math.max(writtenMs, readMs) > READ_EVERY_MS)) {
      readMs = nowMs;
      const stored = parseSession(readStored('throughline.session'));
      if (stored && !isOver(stored, nowMs)) session = stored;
    }
    if (session && !isOver(session, nowMs)) return session;
    const previousId = session?.id;
    const next = keep({
      id: createSpanId() + createSpanId(),
      rv: (!previousId && givenRv) || randomHex(7),
      startMs: nowMs,
      lastUseMs: nowMs,
      ...(previousId && { previousId }),
    });
    began?.(next);
    return next;
  }
  return {
    current,
    touch() {
      const used = { ...current(), lastUseMs: now() };
      if (now() - writtenMs > WRITE_EVERY_MS) keep(used);
      else session = used;
    },
    advise: (ratio) => void keep({ ...current(), advisedRatio: ratio }),
    sample() {
      const { rv, advisedRatio = 1 } = current();
      const th = thresholdOf(Math.min(sampleRatio, advisedRatio));
      const isSampled = th !== undefined && isKept(rv, th);
      return { isSampled, state: isSampled ? { rv, th } : { rv } };
    },
    forget() {
      session = undefined;
      writeStored('throughline.session', undefined);
    },
  };
}

function isOver({ startMs, lastUseMs }: Session, nowMs: EpochMs): boolean {
  // A clock set back must not keep a session for ever.
  const idleMs = nowMs - lastUseMs;
  return idleMs > IDLE_SESSION_MS || idleMs < -IDLE_SESSION_MS || nowMs - startMs > MAX_SESSION_MS;
}

// Storage is foreign input: any script of the origin may have written there.
function parseSession(value: unknown): Session | undefined {
  const { id, rv, startMs, lastUseMs, advisedRatio } = (value ?? {}) as Partial<Session>;
  const isValid =
    /^[0-9a-f]{32}$/.test(`${id}`) &&
    /^[0-9a-f]{14}$/.test(`${rv}`) &&
    Number.isFinite(startMs) &&
    Number.isFinite(lastUseMs);
  if (!isValid) return undefined;
  const session = { id, rv, startMs, lastUseMs } as Session;
  return typeof advisedRatio === 'number' && advisedRatio >= 0 && advisedRatio <= 1
    ? { ...session, advisedRatio }
    : session;
}
