import { contractJsonSchema } from '../core/contract/json-schema.ts';

export const contractKinds = ['system', 'sync'] as const;

/** File name of the schema of a kind of contract, as the contracts name it in their first line. */
export const contractSchemaFile = (kind: (typeof contractKinds)[number]): string => `${kind}.schema.json`;

/** The schema as it is written to its file. */
export const contractSchemaText = (kind: (typeof contractKinds)[number]): string =>
  `${JSON.stringify(contractJsonSchema(kind), null, 2)}\n`;
