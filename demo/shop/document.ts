import { html } from './html.ts';
import type { View } from './views.ts';

export interface AgentTag {
  /** Where the collector is, without a slash at the end. */
  collector: string;
  /** The page's key: an identifier, not a secret. */
  key: string;
}

const NAME = 'Hill & Harbour';

/** The whole document around a view. Without `agent` the page is served untraced. */
export function documentOf(view: View, agent: AgentTag | undefined): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${view.title} · ${NAME}</title>
    ${
      agent &&
      html`<script src="${agent.collector}/throughline.js" data-key="${agent.key}" data-service="shop-web" crossorigin async></script>`
    }
    <link rel="icon" href="/favicon.svg" />
    <link rel="stylesheet" href="/shop.css" />
    <script src="/shop.js" type="module"></script>
  </head>
  <body>
    <a class="skip" href="#view">Skip to content</a>
    <header>
      <a class="brand" href="/">${NAME}</a>
      <nav aria-label="Shop">
        <a href="/">Shop</a>
        <a href="/about">About</a>
        <a href="/cart">Cart</a>
      </nav>
    </header>
    <main id="view">${view.body}</main>
    <p id="notice" role="status"></p>
    <footer>A demo of Throughline. Nothing here is for sale.</footer>
  </body>
</html>
`.text;
}

/** Lets the page load and post to itself and the collector, and nothing else. */
export function contentSecurityPolicy(collector: string | undefined): string {
  const sources = ["'self'", ...(collector ? [collector] : [])].join(' ');
  return `default-src 'self'; script-src ${sources}; connect-src ${sources}; base-uri 'none'; frame-ancestors 'none'`;
}
