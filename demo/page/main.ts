import { api } from './api.ts';
import { startRouter } from './router.ts';
import { previewWrapping } from './wrapping.ts';

const view = requireElement('view');
const notice = requireElement('notice');
const refresh = startRouter({ data: api, view, onLeave: () => say(''), onError: say });

const ACTIONS: Record<string, (button: HTMLElement) => void> = {
  'add-to-cart': (button) => void addToCart(button).catch(say),
  'place-order': () => void placeOrder().catch(say),
  'preview-wrapping': (button) => say(previewWrapping(button.dataset.kind ?? '')),
};

document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-action]') : null;
  if (button) ACTIONS[button.dataset.action ?? '']?.(button);
});

async function addToCart(button: HTMLElement): Promise<void> {
  const cart = await api.addToCart(Number(button.dataset.productId));
  say(`In your cart: ${cart.count} ${cart.count === 1 ? 'piece' : 'pieces'}.`);
}

async function placeOrder(): Promise<void> {
  const order = await api.placeOrder();
  await refresh();
  say(`Thank you. Order ${order.id} is on its way.`);
}

function say(message: unknown): void {
  notice.textContent = message instanceof Error ? message.message : String(message);
}

function requireElement(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The document has no #${id}.`);
  return element;
}
