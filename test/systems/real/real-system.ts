import type { z } from 'zod';
import type { systemContract } from '../../../src/core/contract/system-contract.ts';
import type { EntityDriver } from '../../../src/core/system/entity-driver.ts';

export type SystemDocument = z.input<typeof systemContract>;

/** What people do to a system while it is read. */
export type People = {
  readonly remove: (id: string) => Promise<void>;
  readonly rename: (id: string, name: string) => Promise<void>;
  readonly add: (name: string) => Promise<void>;
};

/** Names by the IDs of their records. */
export type Names = ReadonlyMap<string, string>;

/** A server with some thousand records that each have a name. */
export type RealSource = {
  readonly people: People;
  /** Every record there is, read while nobody writes. */
  readonly all: () => Promise<Names>;
  /** IDs page by page, as a loop reads them that goes from page to page with what the API offers. */
  readonly plainPages: () => AsyncIterable<readonly string[]>;
};

/** Where one system is read or written: a contract of it, and the names of an entity and its fields there. */
export type Place = {
  readonly system: SystemDocument;
  readonly entity: string;
};

export type SourcePlace = Place & {
  /** Path of the name of a record. */
  readonly name: string;
};

/** `fields` map a record; `{name}` in their expressions stands for the expression of the source. */
export type TargetPlace = Place & {
  readonly externalIdField: string;
  readonly fields: readonly {
    readonly target: string;
    readonly expression: string;
    readonly type?: 'string' | 'json';
  }[];
  /** In place of the one that the contract describes. */
  readonly driver?: EntityDriver;
};

/** The names under each external ID that a target holds: one, or its copies. */
export type Copies = ReadonlyMap<string, readonly string[]>;
