import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ELEMENT_SELECTOR,
  ATTR_ELEMENT_TAG,
  ATTR_INTERACTION_TARGET_NAME_LENGTH,
  ATTR_INTERACTION_TARGET_ROLE,
} from '../wire/names.ts';

/** Roles that tags have, and types of `input`, which are no tags. */
const ROLES: Record<string, string> = {
  a: 'link',
  button: 'button',
  checkbox: 'checkbox',
  radio: 'radio',
  range: 'slider',
  select: 'combobox',
  submit: 'button',
  summary: 'button',
  textarea: 'textbox',
};
const INTERACTIVE = 'a,button,input,select,textarea,summary,label,[role],[tabindex]';
const MAX_DEPTH = 3;
/** A name without digits, which a build may have made. */
const STABLE = /^[A-Za-z][A-Za-z_-]*$/;

/** The element a person meant: the nearest one that can be operated, else the target itself. */
export function operatedElement(target: EventTarget | null): Element | undefined {
  if (!(target instanceof Element)) return undefined;
  return target.closest(INTERACTIVE) ?? target;
}

/** What a person operated: the role, the tag, where it is, and how long its name is. */
export function elementAttributes(element: Element): Attributes {
  return {
    [ATTR_INTERACTION_TARGET_ROLE]: roleOf(element),
    [ATTR_INTERACTION_TARGET_NAME_LENGTH]: nameLengthOf(element),
    [ATTR_ELEMENT_TAG]: element.localName,
    [ATTR_ELEMENT_SELECTOR]: selectorOf(element),
  };
}

/** The ARIA role, explicit or the tag's own; the tag name where it has none; `document` for no element. */
export function roleOf(element: Element | undefined): string {
  if (!element) return 'document';
  const tag = element.localName;
  const implied = tag === 'input' ? (ROLES[(element as HTMLInputElement).type] ?? 'textbox') : ROLES[tag];
  return element.getAttribute('role') || implied || tag;
}

/** How long the accessible name is. Its text stays in the page: it may say anything about anybody. */
function nameLengthOf(element: Element): number {
  const name = element.getAttribute('aria-label') ?? element.textContent ?? '';
  return name.trim().length;
}

/**
 * A short selector that survives releases: tags, the first class and ids without digits, from the nearest such id or
 * three levels up. None for no element.
 */
export function selectorOf(element: Element | null | undefined): string | undefined {
  const parts: string[] = [];
  for (let at = element; at && parts.length < MAX_DEPTH; at = at.parentElement) {
    const { id, localName, classList } = at;
    const className = classList[0] ?? '';
    const hasStableId = STABLE.test(id);
    parts.unshift(localName + (hasStableId ? `#${id}` : STABLE.test(className) ? `.${className}` : ''));
    if (hasStableId) break;
  }
  return parts.join(' > ') || undefined;
}
