import type { Preset } from '../core/contract/presets/preset.ts';
import { presetSources } from './preset-sources.ts';

/** What the inventory says of one API. Empty where nothing is known. */
export type Described = {
  readonly preset: string;
  readonly title: string;
  /** How changes are listed: by key, cursor, link, page or as a whole. */
  readonly reads: string;
  readonly writes: string;
  /** Records of one page, and the most of one window. */
  readonly page: string;
  readonly cap: string;
  readonly rates: string;
  readonly retention: string;
};

type Keys = Readonly<Record<string, unknown>>;

const isKeys = (value: unknown): value is Keys => typeof value === 'object' && value !== null && !Array.isArray(value);
const keysAt = (keys: Keys, key: string): Keys => {
  const value = keys[key];
  return isKeys(value) ? value : {};
};
const textAt = (keys: Keys, key: string): string => {
  const value = keys[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};
const listAt = (keys: Keys, key: string): readonly Keys[] => {
  const value: unknown = keys[key];
  return Array.isArray(value) ? value.filter(isKeys) : [];
};

const readsOf = (entity: Keys): string => {
  const style = textAt(keysAt(entity, 'paging'), 'style');
  const tie = textAt(keysAt(entity, 'paging'), 'tie');
  return [style === '' ? 'keyset' : style, tie === '' ? '' : `ties ${tie}`].filter((part) => part !== '').join(', ');
};

const writesOf = (entity: Keys): string => {
  const mode = textAt(keysAt(entity, 'write'), 'mode');
  const max = textAt(keysAt(entity, 'batch'), 'max');
  return [mode === '' ? 'find-then-write' : mode, max === '' ? '' : `${max} at once`]
    .filter((part) => part !== '')
    .join(', ');
};

const capOf = (entity: Keys): string => {
  const rows = textAt(keysAt(entity, 'windowCap'), 'rows');
  return rows === '' ? '' : `${rows} rows a window`;
};

const rateOf = (rate: Keys): string => {
  const scope = textAt(rate, 'scope');
  return `${textAt(rate, 'requests')} in ${textAt(rate, 'seconds')} s${scope === '' ? '' : ` (${scope})`}`;
};

/** An entity as each of the preset's objects makes it; of those that say how they are read, where any does. */
const kindsOf = ({ entity, objects }: Preset): readonly Preset['entity'][] => {
  const all = Object.values(objects).map((object) => ({ ...entity, ...object }));
  const read = all.filter((kind) => Object.hasOwn(kind, 'paging'));
  return read.length > 0 ? read : [entity];
};

const oneOf = (texts: readonly string[]): string => [...new Set(texts)].filter((text) => text !== '').join(' or ');

/** The row of the inventory for a preset. */
export const describePreset = (preset: Preset): Described => {
  const { name, title, system, entity } = preset;
  const kinds = kindsOf(preset);
  const days = oneOf(kinds.map((kind) => textAt(kind, 'retentionDays')));
  return {
    preset: name,
    title,
    reads: textAt(system, 'driver') === 'odata' ? 'keyset' : oneOf(kinds.map(readsOf)),
    writes: writesOf(entity),
    page: textAt(entity, 'pageSize'),
    cap: capOf(entity),
    rates: listAt(entity, 'rates').map(rateOf).join('; '),
    retention: days === '' ? '' : `${days} days`,
  };
};

/** What its users must know of an API, beyond what its keys say. */
export const quirksOf = ({ entity }: Preset): readonly string[] => {
  const quirks: unknown = entity['quirks'];
  return Array.isArray(quirks) ? quirks.filter((one) => typeof one === 'string') : [];
};

/** A source in full: presets name it in short, or say what it is. */
export const sourceText = (source: string): string =>
  source
    .split(', ')
    .map((one) => presetSources[one] ?? one)
    .join('; ');

const MARKS = { V: "the vendor's own", S: 'a copy that quotes the vendor', K: 'not read: check before relying on it' };

const cell = (text: string): string => text.replaceAll('|', '\\|');
const rowOf = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

const section = (preset: Preset): string => {
  const quirks = quirksOf(preset).map((one) => `- ${one}`);
  const facts = preset.facts.map(({ about, mark, source }) => rowOf([about, MARKS[mark], sourceText(source)]));
  return [
    `## ${preset.title}`,
    '',
    `\`preset: ${preset.name}\` (version ${preset.version}); each entity gives ${preset.needs.map((key) => `\`${key}\``).join(', ') || 'nothing more'}.`,
    ...(quirks.length === 0 ? [] : ['', ...quirks]),
    '',
    '| taken for true | from | source |',
    '| --- | --- | --- |',
    ...facts,
  ].join('\n');
};

/** The inventory as a page of the documentation. */
export const systemsPage = (presets: readonly Preset[]): string => {
  const rows = presets.map((preset) => {
    const { title, reads, writes, page, cap, rates, retention } = describePreset(preset);
    return rowOf([title, `\`${preset.name}\``, reads, writes, page, cap, rates, retention]);
  });
  return [
    '# Systems',
    '',
    'APIs that Tidemark comes with a description of. Any other JSON or OData API needs a [contract](contracts.md) and no code.',
    'This page is made by `tidemark systems --markdown` from the presets themselves.',
    '',
    '| system | preset | reads | writes | page | cap | rates | keeps changes |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    presets.map(section).join('\n\n'),
    '',
  ].join('\n');
};
