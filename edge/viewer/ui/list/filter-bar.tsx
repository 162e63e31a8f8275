import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatDuration } from '../../model/format.ts';
import { countConditions, formatFilter, type ListFilter, parseDurationInput } from '../../model/trace-filter-url.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { Icon } from '../icons.tsx';
import { navigate } from '../location.ts';

/** Typing pauses this long before the list is asked for: one request a word, not one a letter. */
const TYPING_PAUSE_MS = 250;

const ACTIVITIES = ['page load', 'navigation', 'interaction'];

interface FilterBarProps {
  filter: ListFilter;
  /** Seen in the rows so far, offered while typing. */
  services: readonly string[];
  routes: readonly string[];
  nameField: RefObject<HTMLInputElement | null>;
}

/** The filters. Their state is the address, so every view can be kept, shared and gone back to. */
export function FilterBar({ filter, services, routes, nameField }: FilterBarProps) {
  const change = (changes: { [K in keyof ListFilter]?: ListFilter[K] | undefined }) => {
    const next: ListFilter = { ...filter };
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined || value === '') delete next[key as keyof ListFilter];
      else Object.assign(next, { [key]: value });
    }
    navigate(`/${formatFilter(next)}`, { replace: true });
  };
  return (
    <search class="filters">
      <TypedField
        label="Name contains"
        look="grow"
        value={filter.name ?? ''}
        placeholder="Name contains…"
        inputRef={nameField}
        commit={(name) => change({ name })}
      />
      <TypedField
        label="Service"
        value={filter.service ?? ''}
        placeholder="any"
        choices={services}
        commit={(service) => change({ service })}
      />
      <TypedField
        label="Route"
        value={filter.route ?? ''}
        placeholder="any"
        choices={routes}
        commit={(route) => change({ route })}
      />
      <label class="field">
        <span>Activity</span>
        <select
          value={filter.activity ?? ''}
          onChange={(event) => change({ activity: event.currentTarget.value || undefined })}
        >
          <option value="">any</option>
          {ACTIVITIES.map((activity) => (
            <option key={activity} value={activity}>
              {activity}
            </option>
          ))}
        </select>
      </label>
      <TypedField
        label="At least"
        look="short"
        value={filter.minDurationMs === undefined ? '' : formatDuration(filter.minDurationMs)}
        placeholder="0 ms"
        check={(text) => text === '' || parseDurationInput(text) !== undefined}
        hint="A duration: 250, 250 ms, 1.5 s, 2 min"
        commit={(text) => change({ minDurationMs: parseDurationInput(text) })}
      />
      <label class="toggle">
        <input
          type="checkbox"
          checked={filter.error === true}
          onChange={(event) => change({ error: event.currentTarget.checked ? true : undefined })}
        />
        <span>Errors only</span>
      </label>
      {filter.sessionId ? (
        <Condition name="Session" value={filter.sessionId} remove={() => change({ sessionId: undefined })} />
      ) : null}
      {filter.userId ? (
        <Condition name="User" value={filter.userId} remove={() => change({ userId: undefined })} />
      ) : null}
      {countConditions(filter) > 0 ? (
        <a class="button quiet" href="/">
          Clear
        </a>
      ) : null}
    </search>
  );
}

function Condition({ name, value, remove }: { name: string; value: string; remove: () => void }) {
  return (
    <span class="condition">
      <span class="muted">{name}</span> <span class="condition-value">{visibleLine(value)}</span>
      <button type="button" class="button quiet" aria-label={`Remove the condition ${name}`} onClick={remove}>
        <Icon name="close" />
      </button>
    </span>
  );
}

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
function TypedField({ label, value, placeholder, commit, look, choices, check, hint, inputRef }: TypedFieldProps) {
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
