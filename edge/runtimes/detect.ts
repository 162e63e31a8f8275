import { bun } from './bun.ts';
import { cloudflare } from './cloudflare.ts';
import { deno } from './deno.ts';
import { fetchStyle } from './fetch-style.ts';
import { node } from './node.ts';
import type { Runtime } from './runtime.ts';

/** The platform this code runs on. Node last: the others all show a `process`. */
function detectRuntime(): Runtime {
  const agent = (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? '';
  if (agent === 'Cloudflare-Workers' || 'WebSocketPair' in globalThis) return cloudflare;
  if (agent.startsWith('Deno/') || 'Deno' in globalThis) return deno;
  if ('Bun' in globalThis) return bun;
  const versions = (globalThis as { process?: { versions?: Record<string, string> } }).process?.versions;
  return versions?.node && !('EdgeRuntime' in globalThis) ? node : fetchStyle;
}

export const runtime: Runtime = detectRuntime();
