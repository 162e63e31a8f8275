import process from 'node:process';
import type { UpgradeWebSocket } from 'hono/ws';
import { createShop, type Env } from './create-shop.ts';
import { listen } from './listen.ts';

async function upgradeHere(): Promise<UpgradeWebSocket> {
  if ('Deno' in globalThis) return (await import('hono/deno')).upgradeWebSocket;
  if ('Bun' in globalThis) return (await import('hono/bun')).upgradeWebSocket;
  return (await import('@hono/node-server')).upgradeWebSocket;
}

await listen(createShop(() => process.env as unknown as Env, await upgradeHere()).fetch);
