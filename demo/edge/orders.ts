import type { Env } from './app.ts';

/** What an order's message says. */
export interface OrderMessage {
  orderId: number;
}

/** The part of Cloudflare's Queues the shop uses. */
export interface Queue<Body> {
  send(body: Body): Promise<unknown>;
}

interface Batch<Body> {
  messages: ReadonlyArray<{ body: Body; ack(): void; retry(): void }>;
}

/** Consumer of the queue of orders: lets the backend pack them; what fails is delivered again. */
export async function packOrders(batch: Batch<OrderMessage>, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const response = await fetch(`${env.BACKEND_URL}/orders/${message.body.orderId}/pack`, { method: 'POST' });
    await response.body?.cancel();
    if (response.ok) message.ack();
    else message.retry();
  }
}
