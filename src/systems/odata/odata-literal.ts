import type { ODataEntity } from '../../core/contract/system-contract.ts';

export type LiteralType = ODataEntity['idType'];

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const NUMBER = /^-?\d{1,40}(?:\.\d{1,40})?$/;

/**
 * A value as it stands in a filter or a key.
 *
 * @returns undefined for text that is no value of the type: nothing in the system can have it, and written bare it
 *   could be read as part of the filter
 * Source: OData v4.01 URL conventions, section 5.1.1.6.1.
 */
export const odataLiteral = (type: LiteralType, value: string): string | undefined => {
  switch (type) {
    case 'string':
      return `'${value.replaceAll("'", "''")}'`;
    case 'guid':
      return GUID.test(value) ? value : undefined;
    case 'number':
      return NUMBER.test(value) ? value : undefined;
  }
};

/** A dotted path as OData writes it. */
export const odataPath = (path: string): string => path.replaceAll('.', '/');
