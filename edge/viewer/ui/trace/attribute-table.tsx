import { useState } from 'preact/hooks';
import type { ViewAttributes } from '../../../trace/trace-view.ts';
import { type AttributeRow, attributeRows } from '../../model/attribute-text.ts';
import { formatCount } from '../../model/format.ts';
import { safeLink } from '../../model/safe-link.ts';
import { visibleText } from '../../model/visible-text.ts';
import { CopyButton } from '../copy-button.tsx';
import { AttributeKey } from './attribute-key.tsx';

/** Longer values are cut until asked for. */
const SHORT_CHARS = 400;
/** More attributes than this get a field to narrow them. */
const MANY_ROWS = 14;

interface AttributeTableProps {
  title?: string;
  attributes: ViewAttributes;
  isOpen?: boolean;
}

/** Keys, values and types of a set of attributes. Every string is foreign: text nodes only. */
export function AttributeTable({ title, attributes, isOpen = false }: AttributeTableProps) {
  const [query, setQuery] = useState('');
  const rows = attributeRows(attributes);
  if (rows.length === 0) return null;
  const wanted = query.trim().toLowerCase();
  const shown = wanted ? rows.filter(({ key, text }) => `${key}\n${text}`.toLowerCase().includes(wanted)) : rows;
  const table = (
    <>
      {rows.length > MANY_ROWS ? (
        <input
          type="text"
          class="attribute-filter"
          placeholder={`Narrow ${rows.length} attributes…`}
          aria-label="Narrow the attributes"
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      ) : null}
      <table class="attributes">
        <tbody>
          {shown.map((row) => (
            <tr key={row.key}>
              <th scope="row">
                <AttributeKey name={row.key} />
              </th>
              <td>
                <AttributeValue row={row} />
                <span class="type">{row.type === 'text' ? null : row.type}</span>
                <CopyButton text={row.text} label="Copy the value" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
  if (title === undefined) return table;
  return (
    <details class="details-section" open={isOpen}>
      <summary>
        <h3>
          {title} <span class="muted number">{rows.length}</span>
        </h3>
      </summary>
      {table}
    </details>
  );
}

function AttributeValue({ row }: { row: AttributeRow }) {
  const [isWhole, setWhole] = useState(false);
  const link = row.type === 'text' ? safeLink(row.text) : undefined;
  const text = visibleText(isWhole || row.text.length <= SHORT_CHARS ? row.text : row.text.slice(0, SHORT_CHARS));
  return (
    <>
      {link === undefined ? (
        <span class={`value value-${row.type}`}>{text}</span>
      ) : (
        <a class="value" href={link} target="_blank" rel="noopener noreferrer nofollow">
          {text}
        </a>
      )}
      {row.text.length > SHORT_CHARS && !isWhole ? (
        <button type="button" class="button quiet whole" onClick={() => setWhole(true)}>
          … all {formatCount(row.text.length)} characters
        </button>
      ) : null}
    </>
  );
}
