import { z } from 'zod';
import { type RunningServer, spawnServer } from '../../../demo/processes/spawn-server.ts';
import { callJson } from './call-json.ts';
import type { Copies, RealSource, SourcePlace, SystemDocument, TargetPlace } from './real-system.ts';

const READY_MS_MAX = 60_000;
/** It sorts all resources for each page, so that small pages take long. */
export const FHIR_PAGE = 500;
const ALL = 1000;

const patient = z.object({ id: z.string(), name: z.array(z.object({ text: z.string() })) });
const bundle = z.object({ entry: z.array(z.object({ resource: patient })).default([]) });
type Patient = z.infer<typeof patient>;

const nameOf = ({ name }: Patient): string => name[0]?.text ?? '';

const patientNamed = (name: string): object => ({ resourceType: 'Patient', name: [{ text: name }] });

/** A FHIR server with so many patients, of which some hundred share each time of change, as after an import. */
export const startFhir = async (records: number): Promise<RunningServer> => {
  const server = await spawnServer({
    name: 'FHIR',
    script: 'test/systems/real/fixtures/fhir.ts',
    readyTimeoutMs: READY_MS_MAX,
  });
  for (let from = 0; from < records; from += FHIR_PAGE) {
    const entry = Array.from({ length: Math.min(FHIR_PAGE, records - from) }, (_entry, index) => ({
      request: { method: 'POST', url: 'Patient' },
      resource: patientNamed(`Record ${from + index}`),
    }));
    await callJson(`${server.url}/`, { method: 'POST', body: { resourceType: 'Bundle', type: 'batch', entry } });
  }
  return server;
};

const read = async (url: string, query: string): Promise<readonly Patient[]> => {
  const { json } = await callJson(`${url}/Patient?${query}`);
  return bundle.parse(json).entry.map(({ resource }) => resource);
};

const allOf = async (url: string): Promise<Patient[]> => {
  const all: Patient[] = [];
  for (;;) {
    // Nobody writes meanwhile, so that offsets lose nothing.
    const page = await read(url, `_count=${ALL}&_offset=${all.length}`);
    if (page.length === 0) return all;
    all.push(...page);
  }
};

export const fhirSource = (url: string): RealSource => ({
  people: {
    remove: async (id) => {
      await callJson(`${url}/Patient/${id}`, { method: 'DELETE' });
    },
    rename: async (id, name) => {
      await callJson(`${url}/Patient/${id}`, { method: 'PUT', body: { ...patientNamed(name), id } });
    },
    add: async (name) => {
      await callJson(`${url}/Patient`, { method: 'POST', body: patientNamed(name) });
    },
  },
  all: async () => new Map((await allOf(url)).map((one) => [one.id, nameOf(one)])),
  async *plainPages() {
    for (let offset = 0; ; offset += FHIR_PAGE) {
      const page = await read(url, `_sort=_lastUpdated&_count=${FHIR_PAGE}&_offset=${offset}`);
      if (page.length === 0) return;
      yield page.map(({ id }) => id);
    }
  },
});

type RestDocument = Extract<SystemDocument, { driver: 'rest' }>;

const systemOf = (url: string, patients: Partial<RestDocument['entities'][string]>): SystemDocument => ({
  tidemark: 'system/v1',
  name: 'fhir',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: url,
  allowPrivateHosts: true,
  limits: { timeoutMs: 20_000 },
  entities: {
    patients: {
      path: 'Patient',
      recordsAt: 'entry',
      rowAt: 'resource',
      emptyWhen: { at: 'type', is: 'searchset' },
      idField: 'id',
      updatedAtField: 'meta.lastUpdated',
      ...patients,
    },
  },
});

const SYSTEM = 'urn:example:source';

/** As docs/contracts.md shows it: by time, and from the last time on. */
export const fhirPatients = (url: string): SourcePlace => ({
  system: systemOf(url, {
    paging: { style: 'keyset' },
    requests: {
      list: {
        path: 'Patient',
        query: { _lastUpdated: 'ge{since}', _sort: '_lastUpdated', _count: '{pageSize}' },
      },
    },
  }),
  entity: 'patients',
  name: 'name.0.text',
});

const target = (system: SystemDocument, externalIdField: string): TargetPlace => ({
  system,
  entity: 'patients',
  externalIdField,
  fields: [{ target: 'name', expression: '[{ "text": {name} }]', type: 'json' }],
});

/** By IDs that the source gives: an update creates what is not there. */
export const fhirPatientsById = (url: string): TargetPlace =>
  target(
    systemOf(url, {
      findParam: '_id',
      findMany: 'comma',
      write: { mode: 'upsert' },
      requests: {
        upsert: {
          method: 'PUT',
          path: 'Patient/{externalId}',
          quote: 'plain',
          body: { merge: [{ resourceType: 'Patient' }, '{fields}'] },
        },
      },
    }),
    'id',
  );

/** As docs/contracts.md shows it: by the source's ID among the identifiers, with a conditional update. */
export const fhirPatientsByIdentifier = (url: string): SystemDocument =>
  systemOf(url, {
    write: { mode: 'upsert' },
    requests: {
      find: {
        path: 'Patient',
        query: { identifier: '{each}' },
        each: { text: `${SYSTEM}|{value}`, join: ',' },
        quote: 'fhir',
      },
      upsert: {
        method: 'PUT',
        path: 'Patient',
        query: { identifier: `${SYSTEM}|{externalId}` },
        quote: 'fhir',
        body: {
          merge: [
            '{fieldsWithoutKey}',
            // Last, so that it stands in the place of what is left of the key's path.
            { resourceType: 'Patient', identifier: [{ system: SYSTEM, value: '{externalId}' }] },
          ],
        },
      },
    },
  });

export const fhirCopies = async (url: string): Promise<Copies> =>
  new Map((await allOf(url)).map((one) => [one.id, [nameOf(one)]]));
