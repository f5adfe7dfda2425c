import { z } from 'zod';
import { LIMIT_DEFAULT } from '../../src/cli/commands/replay.ts';
import { OPEN_BASE_MS, OPEN_MS_MAX } from '../../src/core/circuit/circuit.ts';
import { contractJsonSchema } from '../../src/core/contract/json-schema.ts';
import { BOUNDS } from '../../src/core/mapping/expression.ts';
import { REPLAY_MAX, replayDeadLetters } from '../../src/core/protocol/dead-letter-routes.ts';
import { REPAIRS_MAX } from '../../src/core/protocol/reconcile-routes.ts';
import { WRITES_MAX } from '../../src/core/protocol/write-routes.ts';
import { ATTEMPTS_MAX } from '../../src/core/retry/backoff.ts';
import { DRY_RUN_PAGES_MAX } from '../../src/engine/dry-run.ts';
import { EMIT_BYTES_MAX } from '../../src/engine/poll.ts';
import { EMIT_RESERVE_MS } from '../../src/engine/read-sweep.ts';
import { LOOKUPS_AT_ONCE, ROUNDS_A_SLICE, SLICE_RESERVE_MS } from '../../src/engine/reconcile.ts';
import { ROUNDS_MAX } from '../../src/engine/target-write.ts';
import * as storeLimits from '../../src/store/client/limits.ts';
import { transactionAttemptsMax } from '../../src/store/sql/database/transaction-retry.ts';
import { CHECKED_BYTES_MAX, CHECKED_MAX } from '../../src/store/sql/held-release.ts';
import * as odataFind from '../../src/systems/odata/odata-find.ts';
import * as restFind from '../../src/systems/rest/find-rows.ts';
import { KNOWN_FOR_MS } from '../../src/systems/http/host-check.ts';
import { LIFE_UNSTATED_MS } from '../../src/systems/http/token/judge-token.ts';
import { TOKENS_MAX } from '../../src/systems/http/token/token-cache.ts';
import { EMPTY_PAGES_MAX } from '../../src/systems/rest/follow-page.ts';
import { TIE_AGAIN_MAX, TIE_PAGE_ROWS_MAX } from '../../src/systems/rest/keyset-page.ts';
import { STEPS_BACK_MAX } from '../../src/systems/rest/offset-page.ts';
import { BATCH_RECORDS_MAX } from '../../src/zapier/record-batch.ts';
import { BATCHES_MAX } from '../../src/zapier/triggers/record_batch.ts';
import { tableOf } from './document.ts';

const range = z.looseObject({ minimum: z.number().optional(), maximum: z.number().optional() });
const { properties } = z
  .looseObject({
    properties: z.record(z.string(), z.looseObject({ properties: z.record(z.string(), range).optional() })),
  })
  .parse(contractJsonSchema('sync'));

/** The least and the most that the contract allows. */
const allowed = (part: string, member: string): [number, number] => {
  const { minimum = Number.NaN, maximum = Number.NaN } = properties[part]?.properties?.[member] ?? {};
  return [minimum, maximum];
};

const MB = 1_000_000;
const requestId = '00000000-0000-4000-8000-000000000000';
const selection = { kind: 'slice', slice: {} };
const { perMinute } = replayDeadLetters.request.parse({ requestId, sync: 'any', selection });

/** The numbers of each row as they stand there, but for those in code. */
const bounds: Readonly<Record<string, readonly number[]>> = {
  'pages of one poll': [...allowed('read', 'pagesMax'), EMIT_RESERVE_MS / 1000],
  // Brent's bound, which no constant sets: test/core/read/token-trail.test.ts shows that it holds.
  'page tokens in a circle of n, entered after m': [3],
  'windows of a scan that the API cuts (`windowCap`)': [],
  'pages of one tie that has no order of its own': [TIE_AGAIN_MAX, TIE_PAGE_ROWS_MAX],
  'pages of a cursor or of links that are empty': [EMPTY_PAGES_MAX],
  'steps back of a read by offset whose rows moved': [STEPS_BACK_MAX],
  'pages of the answer to one look-up': [restFind.FIND_PAGES_MAX],
  'attempts of one request to a system': [ATTEMPTS_MAX],
  'attempts of one call to the store': [storeLimits.ATTEMPTS_MAX, storeLimits.CALL_TIME_MS / 1000],
  // One, as test/systems/token-endpoint.test.ts shows; no constant says it.
  'renewals of a token that a request finds refused': [1],
  'tokens that a process keeps': [TOKENS_MAX, LIFE_UNSTATED_MS / 60_000],
  'look-ups of a host name': [1, KNOWN_FOR_MS / 1000],
  'rounds of one write (write, look, write)': [ROUNDS_MAX],
  'deliveries of one obligation': [...allowed('delivery', 'attemptsMax')],
  // At least half of the time that a circuit stays open.
  'probes of an open circuit': [OPEN_BASE_MS / 2 / 1000, OPEN_MS_MAX / 60_000],
  'items of one poll': [
    ...allowed('delivery', 'emitMax'),
    BATCHES_MAX * BATCH_RECORDS_MAX,
    BATCH_RECORDS_MAX,
    EMIT_BYTES_MAX / MB,
  ],
  'deliveries in flight': [...allowed('delivery', 'inFlightMax')],
  'writes of one call': [WRITES_MAX],
  'slices of one reconciliation call': [SLICE_RESERVE_MS / 1000],
  'look-ups for one slice': [LOOKUPS_AT_ONCE, ROUNDS_A_SLICE],
  'repairs of one run': [REPAIRS_MAX],
  'dead letters of one replay': [REPLAY_MAX, perMinute],
  'records of one dry run': [LIMIT_DEFAULT, DRY_RUN_PAGES_MAX],
  'held records that one poll checks again': [CHECKED_MAX, CHECKED_BYTES_MAX / MB],
  'evaluation of an expression': [BOUNDS.timeout / 1000, BOUNDS.stack, BOUNDS.sequence],
  'retries of a transaction': [transactionAttemptsMax],
};

const numbersIn = (text: string): number[] =>
  [...text.replaceAll(/`[^`]*`/g, '').matchAll(/\d[\d,]*(?:\.\d+)?/g)].map(([digits]) =>
    Number(digits.replaceAll(',', '')),
  );

const { rows } = tableOf('loop');

test('the document has a row for each loop that is known here, and no other', () => {
  expect(rows.map(({ first }) => first).toSorted()).toEqual(Object.keys(bounds).toSorted());
});

test.each(Object.entries(bounds))('the bound of %s is the number in the code', (loop, numbers) => {
  const bound = rows.find(({ first }) => first === loop)?.cells[0] ?? '';
  expect(numbersIn(bound)).toEqual(numbers);
});

test('a look-up has one bound for REST and OData', () => {
  expect(odataFind.FIND_PAGES_MAX).toBe(restFind.FIND_PAGES_MAX);
});
