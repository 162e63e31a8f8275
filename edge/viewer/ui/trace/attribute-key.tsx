import { visibleLine } from '../../model/visible-text.ts';

/** A key that may break after its dots and underscores, and nowhere within a word. */
export function AttributeKey({ name }: { name: string }) {
  return visibleLine(name)
    .split(/(?<=[._])/)
    .map((part, index) => (index === 0 ? part : [<wbr key={`${index}${part}`} />, part]));
}
