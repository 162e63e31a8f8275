import { type Html, html } from './html.ts';
import { type Cart, formatPrice, type Product, type ProductPage } from './shop.ts';

/** One page of the shop, rendered by the worker for a document and by the page for a soft navigation. */
export interface View {
  title: string;
  body: Html;
  status: 200 | 404;
}

export function productListView(products: Product[]): View {
  return {
    status: 200,
    title: 'All products',
    body: html`<section class="hero">
        <h1 tabindex="-1">Good things for people who walk</h1>
        <p>Eight things, made to be carried. Free delivery as far as the path goes.</p>
      </section>
      <ul class="grid">${products.map((product, index) => card(product, index < 4))}</ul>`,
  };
}

export function productView({ product, boughtTogether }: ProductPage): View {
  return {
    status: 200,
    title: product.name,
    body: html`<article class="product">
        <img class="picture" src="/images/${product.id}.svg" alt="" width="640" height="480" fetchpriority="high" />
        <div class="details">
          <p class="kind">${product.kind}</p>
          <h1 tabindex="-1">${product.name}</h1>
          <p class="price">${formatPrice(product.priceCents)}</p>
          <p>${product.blurb}</p>
          <div class="actions">
            <button class="primary" data-action="add-to-cart" data-product-id="${product.id}">Add to cart</button>
            <button data-action="preview-wrapping" data-kind="${product.kind}">Preview gift wrap</button>
          </div>
        </div>
      </article>
      ${
        boughtTogether.length > 0 &&
        html`<section>
          <h2>Bought together</h2>
          <ul class="grid">${boughtTogether.map((other) => card(other, false))}</ul>
        </section>`
      }`,
  };
}

export function cartView(cart: Cart): View {
  const lines = cart.lines.map(
    ({ product, quantity }) => html`<tr>
        <th scope="row"><a href="/products/${product.id}">${product.name}</a></th>
        <td>${quantity}</td>
        <td>${formatPrice(product.priceCents * quantity)}</td>
      </tr>`,
  );
  const filled = html`<table>
      <thead><tr><th scope="col">Product</th><th scope="col">Pieces</th><th scope="col">Price</th></tr></thead>
      <tbody>${lines}</tbody>
      <tfoot><tr><th scope="row" colspan="2">Total</th><td>${formatPrice(cart.totalCents)}</td></tr></tfoot>
    </table>
    <p class="actions"><button class="primary" data-action="place-order">Place order</button></p>`;
  const empty = html`<p>Nothing in it yet. <a href="/">Have a look around.</a></p>`;
  return {
    status: 200,
    title: 'Cart',
    body: html`<h1 tabindex="-1">Your cart</h1>${cart.count > 0 ? filled : empty}`,
  };
}

export function aboutView(): View {
  return {
    status: 200,
    title: 'About',
    body: html`<article class="prose">
        <h1 tabindex="-1">About this shop</h1>
        <p>Hill &amp; Harbour sells nothing. It is here to be traced: a page, an edge worker, a backend with a
          database, and one line through all of them for everything you do.</p>
        <h2>What to try</h2>
        <ul>
          <li>Open a product and reload: one trace from the page load to the database.</li>
          <li>Press <em>Add to cart</em>: one trace from the click to the row it wrote.</li>
          <li>Open <a href="/products/7">Summit socks</a>: slow, and the trace says which query.</li>
          <li>Press <em>Preview gift wrap</em>: an error nobody caught, with its stack.</li>
        </ul>
      </article>`,
  };
}

export function notFoundView(): View {
  return {
    status: 404,
    title: 'Not found',
    body: html`<h1 tabindex="-1">There is no such page</h1><p><a href="/">Back to all products</a></p>`,
  };
}

function card(product: Product, inFirstView: boolean): Html {
  return html`<li class="card">
      <a href="/products/${product.id}">
        <img src="/images/${product.id}.svg" alt="" width="640" height="480" ${!inFirstView && html`loading="lazy"`} />
        <span class="name">${product.name}</span>
        <span class="price">${formatPrice(product.priceCents)}</span>
      </a>
    </li>`;
}
