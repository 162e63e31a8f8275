import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../icons.tsx';

/** Typing pauses this long before the list is asked for: one request a word, not one a letter. */
const TYPING_PAUSE_MS = 250;

interface TypedFieldProps {
  label: string;
  value: string;
  placeholder: string;
  commit: (value: string) => void;
  /** The search field shows a glass and its key in place of the label. */
  look?: 'grow' | 'short';
  choices?: readonly string[];
  check?: (text: string) => boolean;
  hint?: string;
  inputRef?: RefObject<HTMLInputElement | null>;
}

/** A text field that commits when typing pauses, and at once on Enter. */
export function TypedField({
  label,
  value,
  placeholder,
  commit,
  look,
  choices,
  check,
  hint,
  inputRef,
}: TypedFieldProps) {
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const isBad = draft !== undefined && check !== undefined && !check(draft.trim());
  const listId = choices ? `choices-${label.toLowerCase()}` : undefined;
  const settle = () => {
    if (draft === undefined || isBad) return;
    if (draft.trim() !== value) commit(draft.trim());
    setDraft(undefined);
  };
  useEffect(() => {
    if (draft === undefined || isBad || draft.trim() === value) return;
    const timer = setTimeout(() => commit(draft.trim()), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <label class={`field ${look ?? ''}`}>
      <span class={look === 'grow' ? 'spoken' : ''}>{label}</span>
      {look === 'grow' ? <Icon name="search" /> : null}
      <input
        type="text"
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        value={draft ?? value}
        aria-invalid={isBad}
        title={hint ?? ''}
        {...(listId ? { list: listId } : {})}
        {...(inputRef ? { ref: inputRef } : {})}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === 'Enter') settle();
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      {look === 'grow' ? <kbd>/</kbd> : null}
      {choices ? (
        <datalist id={listId ?? ''}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      ) : null}
    </label>
  );
}
