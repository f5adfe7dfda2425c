import type { SystemContract } from '../core/contract/system-contract.ts';
import type { JsonValue } from '../core/json.ts';
import type { EntityDriver } from '../core/system/entity-driver.ts';
import { createHttp, type HttpPorts } from './http/http.ts';
import { createODataDriver, odataErrorCode } from './odata/odata-driver.ts';
import { codeOf, judgeDialect } from './rest/dialect.ts';
import { createRestDriver } from './rest/rest-driver.ts';

export type EntityDriverSetup = Pick<HttpPorts, 'secret' | 'fetch' | 'now' | 'tokens' | 'lookup' | 'secretHosts'> & {
  readonly system: SystemContract;
  readonly entity: string;
  /** Given for a target: the field that holds the external ID. */
  readonly externalIdField?: string | undefined;
};

/**
 * Makes the driver of one entity of a system. Reads no secret and sends nothing before the first call.
 *
 * @throws Error when the system has no such entity, or its base URL may not be called
 */
export const createEntityDriver = (setup: EntityDriverSetup): EntityDriver => {
  const { system, externalIdField, ...ports } = setup;
  const names = { entity: setup.entity, system: system.name };
  switch (system.driver) {
    case 'rest': {
      const entity = entityOf(system.entities, names);
      const errorCode = (body: JsonValue): string | undefined => codeOf(entity.errors, body);
      return createRestDriver({ http: createHttp({ ...ports, system, errorCode }), entity, names, externalIdField });
    }
    case 'odata': {
      const entity = entityOf(system.entities, names);
      const http = createHttp({
        ...ports,
        system,
        errorCode: odataErrorCode,
        judge: (answer) => judgeDialect(entity.errors, answer),
      });
      return createODataDriver({ http, entity, names, externalIdField });
    }
  }
};

const entityOf = <T>(
  entities: Readonly<Record<string, T>>,
  names: { readonly entity: string; readonly system: string },
): T => {
  const entity = Object.hasOwn(entities, names.entity) ? entities[names.entity] : undefined;
  if (entity !== undefined) return entity;
  const known = Object.keys(entities).join(', ') || '(none)';
  throw new Error(`Cannot use entity "${names.entity}" of system "${names.system}": the contract has ${known}`);
};
