import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { formatDuration } from '../../model/format.ts';
import {
  countConditions,
  formatAttribute,
  formatFilter,
  type ListFilter,
  parseDurationInput,
} from '../../model/trace-filter-url.ts';
import { visibleLine } from '../../model/visible-text.ts';
import { Icon } from '../icons.tsx';
import { navigate } from '../location.ts';
import { MoreFilters } from './more-filters.tsx';
import { TypedField } from './typed-field.tsx';

const ACTIVITIES = ['page load', 'navigation', 'interaction'];

/** What can be taken back as a value; `undefined` takes the condition away. */
export type FilterChanges = { [K in keyof ListFilter]?: ListFilter[K] | undefined };

/** Seen in the rows so far, offered while typing. */
export interface FilterChoices {
  services: readonly string[];
  routes: readonly string[];
  browsers: readonly string[];
  countries: readonly string[];
  releases: readonly string[];
}

interface FilterBarProps {
  filter: ListFilter;
  choices: FilterChoices;
  nameField: RefObject<HTMLInputElement | null>;
  attributeField: RefObject<HTMLInputElement | null>;
}

/** The filters. Their state is the address, so every view can be kept, shared and gone back to. */
export function FilterBar({ filter, choices, nameField, attributeField }: FilterBarProps) {
  const [isOpened, setOpened] = useState(false);
  const isMoreOpen = isOpened || hasMore(filter);
  // A field commits when typing pauses, which may be after another one changed: no condition undoes another.
  const latest = useRef(filter);
  latest.current = filter;
  const change = (changes: FilterChanges) => {
    const next: ListFilter = { ...latest.current };
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined || value === '') delete next[key as keyof ListFilter];
      else Object.assign(next, { [key]: value });
    }
    latest.current = next;
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
        choices={choices.services}
        commit={(service) => change({ service })}
      />
      <TypedField
        label="Route"
        value={filter.route ?? ''}
        placeholder="any"
        choices={choices.routes}
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
      <button
        type="button"
        class="button quiet"
        aria-expanded={isMoreOpen}
        aria-controls="more-filters"
        disabled={hasMore(filter)}
        onClick={() => setOpened(!isOpened)}
      >
        More filters
      </button>
      {filter.sessionId ? (
        <Condition name="Session" value={filter.sessionId} remove={() => change({ sessionId: undefined })} />
      ) : null}
      {filter.userId ? (
        <Condition name="User" value={filter.userId} remove={() => change({ userId: undefined })} />
      ) : null}
      {(filter.attributes ?? []).map((condition, _, all) => (
        <Condition
          key={formatAttribute(condition)}
          name="Attribute"
          value={formatAttribute(condition)}
          remove={() => change({ attributes: all.length > 1 ? all.filter((one) => one !== condition) : undefined })}
        />
      ))}
      {countConditions(filter) > 0 ? (
        <a class="button quiet" href="/">
          Clear
        </a>
      ) : null}
      <MoreFilters
        filter={filter}
        choices={choices}
        isOpen={isMoreOpen}
        open={() => setOpened(true)}
        change={change}
        attributeField={attributeField}
      />
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

function hasMore({ browser, device, country, release }: ListFilter): boolean {
  return Boolean(browser || device || country || release);
}
