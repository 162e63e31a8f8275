interface HtmlElement {
  append(content: string, options: { html: boolean }): void;
}
interface Rewriter {
  on(selector: string, handlers: { element(element: HtmlElement): void }): Rewriter;
  transform(response: Response): Response;
}

/** Attributes of the script tag: `src` and what the agent reads from `data-*`, such as `data-key` and `data-service`. */
export type ScriptAttributes = Readonly<Record<string, string>> & { readonly src: string };

const ATTRIBUTE_NAME = /^[a-z][a-z0-9-]*$/;

/**
 * Puts the agent's script tag at the end of the `head` of HTML responses, while they stream, by the platform's
 * HTMLRewriter (Cloudflare). A page whose Content-Security-Policy names a nonce gets it on the tag.
 * @returns the value of the option `html`
 * @throws TypeError for an attribute name that is none; everything else is escaped
 */
export function injectScript(attributes: ScriptAttributes): (response: Response) => Response {
  for (const name of Object.keys(attributes))
    if (!ATTRIBUTE_NAME.test(name)) throw new TypeError(`"${name}" is no attribute name.`);
  return (response) => {
    const Platform = (globalThis as { HTMLRewriter?: new () => Rewriter }).HTMLRewriter;
    if (!Platform || !response.body) return response;
    const nonce = nonceOf(response.headers.get('content-security-policy'));
    const tag = scriptTag(nonce ? { ...attributes, nonce } : attributes);
    let isDone = false;
    return new Platform()
      .on('head', {
        element(head) {
          if (!isDone) head.append(tag, { html: true });
          isDone = true;
        },
      })
      .transform(response);
  };
}

function scriptTag(attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`);
  return `<script${pairs.join('')} crossorigin async></script>`;
}

function escapeAttribute(value: string): string {
  return value.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function nonceOf(policy: string | null): string | undefined {
  return /'nonce-([A-Za-z0-9+/_=-]{1,256})'/.exec(policy ?? '')?.[1];
}
