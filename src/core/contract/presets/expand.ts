import { airtable } from './airtable.ts';
import { dynamics } from './dynamics.ts';
import { fhir } from './fhir.ts';
import { googleSheets } from './google-sheets.ts';
import { hubspot } from './hubspot.ts';
import { notion } from './notion.ts';
import type { Preset } from './preset.ts';
import { salesforce } from './salesforce.ts';
import { servicenow } from './servicenow.ts';
import { shopify } from './shopify.ts';
import { stripe } from './stripe.ts';
import { zendesk } from './zendesk.ts';

/** Every preset that a system contract can name. */
export const presets: readonly Preset[] = [
  airtable,
  dynamics,
  fhir,
  googleSheets,
  hubspot,
  notion,
  salesforce,
  servicenow,
  shopify,
  stripe,
  zendesk,
];

type Keys = Readonly<Record<string, unknown>>;

type Missing = { readonly path: string; readonly preset: Preset; readonly key: string };

export type Expansion =
  /** A document that names no preset is given back as it is. */
  | { readonly kind: 'document'; readonly document: unknown }
  | { readonly kind: 'unknown'; readonly name: unknown }
  | { readonly kind: 'missing'; readonly missing: readonly Missing[] };

/**
 * Fills a system contract with what the preset it names knows, so that what is checked, stored and used says all of it
 * and changes only when it is applied again. `preset` becomes `madeFrom`, with the version of the preset.
 *
 * Keys of the document come before those of the preset's object, and those before the preset's own. Of `requests` and
 * `errors` each member counts on its own; every other key replaces the preset's as a whole.
 */
export const expandPreset = (document: unknown): Expansion => {
  if (!isKeys(document) || !Object.hasOwn(document, 'preset')) return { kind: 'document', document };
  const { preset: name, ...own } = document;
  const preset = presets.find((one) => one.name === name);
  if (preset === undefined) return { kind: 'unknown', name };
  const entities = isKeys(own['entities']) ? own['entities'] : {};
  const missing = Object.entries(entities).flatMap(([entity, keys]) =>
    preset.needs
      .filter((key) => !isKeys(keys) || keys[key] === undefined)
      .map((key) => ({ path: `entities.${entity}.${key}`, preset, key })),
  );
  if (missing.length > 0) return { kind: 'missing', missing };
  const filled = Object.fromEntries(
    Object.entries(entities).map(([entity, keys]) => [entity, isKeys(keys) ? fill(preset, keys) : keys]),
  );
  const madeFrom = { preset: preset.name, version: preset.version };
  return { kind: 'document', document: { ...preset.system, ...own, madeFrom, entities: filled } };
};

const fill = (preset: Preset, keys: Keys): Keys => {
  const object = typeof keys['object'] === 'string' ? keys['object'] : '';
  const ofObject = Object.hasOwn(preset.objects, object) ? (preset.objects[object] ?? {}) : {};
  return over(over(preset.entity, ofObject), keys);
};

const MERGED = new Set(['requests', 'errors']);

const over = (below: Keys, above: Keys): Keys => ({
  ...below,
  ...Object.fromEntries(
    Object.entries(above).map(([key, value]) => {
      const under = below[key];
      return [key, MERGED.has(key) && isKeys(under) && isKeys(value) ? { ...under, ...value } : value];
    }),
  ),
});

const isKeys = (value: unknown): value is Keys => typeof value === 'object' && value !== null && !Array.isArray(value);
