import { signal } from '@preact/signals';
import type { TracePage } from '../../store/trace-store.ts';
import type { TraceView } from '../../trace/trace-view.ts';
import { traceAddress } from '../model/address.ts';
import type { CollectorStats } from '../model/collector-stats.ts';
import type { LossAccount } from '../model/loss-account.ts';

/** Why a request to the collector brought nothing to show. */
export type Problem =
  | { kind: 'unreachable' }
  | { kind: 'token'; wasRefused: boolean }
  | { kind: 'missing'; message: string }
  | { kind: 'refused'; status: number; message: string };

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.kind);
    this.problem = problem;
  }
}

const TOKEN_KEY = 'throughline.read-token';

/** The read token the person gave, for this tab only: a viewer left open elsewhere asks again. */
export const readToken = signal(sessionStorage.getItem(TOKEN_KEY) ?? '');

export function setReadToken(token: string): void {
  readToken.value = token.trim();
  sessionStorage.setItem(TOKEN_KEY, readToken.value);
}

/**
 * One request to the collector that serves this page.
 * @throws {ApiError} for everything but a 2xx; an abort passes as it is.
 */
export async function request(path: string, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {};
  const token = readToken.peek();
  if (token) headers.Authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, { headers, signal: signal ?? null, credentials: 'same-origin' });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ kind: 'unreachable' });
  }
  if (response.ok) return response;
  if (response.status === 401) throw new ApiError({ kind: 'token', wasRefused: token !== '' });
  const message = await readMessage(response);
  if (response.status === 404) throw new ApiError({ kind: 'missing', message });
  throw new ApiError({ kind: 'refused', status: response.status, message });
}

async function readMessage(response: Response): Promise<string> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  } catch {
    // expected: a proxy in between answers in HTML
  }
  return response.statusText;
}

async function requestJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request(path, signal);
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ kind: 'refused', status: response.status, message: 'The answer is not JSON.' });
  }
}

export function fetchTraces(query: string, signal?: AbortSignal): Promise<TracePage> {
  return requestJson(`/api/traces${query}`, signal);
}

export function fetchTrace(traceId: string, signal?: AbortSignal): Promise<TraceView> {
  return requestJson(`/api${traceAddress(traceId)}`, signal);
}

export function fetchStats(): Promise<CollectorStats> {
  return requestJson('/api/stats');
}

/** What became of what pages made: of one session, or of all, and by key. */
export function fetchLosses(sessionId?: string): Promise<LossAccount> {
  return requestJson(`/api/ledger${sessionId === undefined ? '' : `?${new URLSearchParams({ sessionId })}`}`);
}

/** The trace as OTLP/JSON, for a file. */
export async function fetchOtlp(traceId: string): Promise<Blob> {
  const response = await request(`/api${traceAddress(traceId)}?format=otlp`);
  return response.blob();
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return { kind: 'refused', status: 0, message: error instanceof Error ? error.message : String(error) };
}
