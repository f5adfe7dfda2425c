import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Disposition, dispositions, type Fault, faults, phases } from '../../../src/core/retry/dispositions.ts';
import { dispositionOf, failureOf, faultOfStatus, phaseOfWrite } from '../../../src/core/retry/fault.ts';

type Row = { readonly fault: string; readonly status: string; readonly cells: readonly string[] };

const spec = readFileSync(join(import.meta.dirname, '../../../docs/spec.md'), 'utf8');
const section = spec.slice(spec.indexOf('\n## 7. Failures'));

const rows: readonly Row[] = section.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim());
  const fault = /^`([a-z_]+)`$/.exec(cells[1] ?? '')?.[1];
  if (fault === undefined) return [];
  return [{ fault, status: cells[2] ?? '', cells: cells.slice(3, 6).map((cell) => cell.replaceAll('`', '')) }];
});

test('the document has a row for each fault, and no other', () => {
  expect(rows.map(({ fault }) => fault).toSorted()).toEqual([...faults].toSorted());
});

test.each(faults)('the row of %s is the code', (fault) => {
  const row = rows.find((one) => one.fault === fault);
  expect(row?.cells).toEqual(phases.map((phase) => dispositions[fault][phase]));
});

const claims = ({ status }: Row, wanted: number, asksToWait: boolean): boolean => {
  if (status.includes('ask to wait') || status.includes('asks to wait')) {
    if (!asksToWait) return false;
  }
  return [...status.matchAll(/(\d{3})(?: to (\d{3}))?/g)].some(
    ([, first, last = first]) => Number(first) <= wanted && wanted <= Number(last),
  );
};

test.each([false, true])(
  'every status has the fault of the first row that fits it (asks to wait: %p)',
  (asksToWait) => {
    for (let status = 100; status <= 599; status += 1) {
      const row = rows.find((one) => claims(one, status, asksToWait));
      // A 2xx tells of a fault only by its body.
      const expected = row?.fault === 'unreadable' ? undefined : row?.fault;
      expect([status, faultOfStatus(status, asksToWait)]).toEqual([status, expected]);
    }
  },
);

const kindOf: Readonly<Record<Disposition, readonly string[]>> = {
  retry: ['throttled', 'unavailable', 'malformed'],
  throttle: ['throttled', 'unavailable', 'malformed'],
  give_up: ['rejected'],
  read_back: ['unknown'],
  read_back_later: ['unknown'],
  stop: ['unauthorized'],
};

describe.each(faults)('a failure made of %s', (fault) => {
  test.each(phases)('in the phase %s is treated as the table says', (phase) => {
    const failure = failureOf({ fault, phase, subject: 'POST /x', seen: 'seen', status: 418, retryAfterMs: 4000 });
    const disposition = dispositions[fault][phase];
    expect(kindOf[disposition]).toContain(failure.kind);
    expect(failure.reason).toContain('POST /x: seen');
  });

  test.each([
    ['read', () => 'read' as const],
    ['write_after_send', phaseOfWrite],
  ] as const)('leads to the same decision in the phase %s once only the failure is left of it', (phase, phaseOf) => {
    const failure = failureOf({ fault, phase, subject: 's', seen: 's' });
    expect(dispositionOf(failure, phaseOf(failure))).toBe(dispositions[fault][phase]);
  });
});

test('nothing that may have been executed is ever sent again without a look', () => {
  const executed: readonly Fault[] = faults.filter(
    (fault) => !['rate_limited', 'refused_for_now', 'credentials', 'moved', 'refused'].includes(fault),
  );
  expect(executed.map((fault) => dispositions[fault].write_after_send).toSorted()).toEqual([
    'read_back',
    'read_back',
    'read_back',
    ...Array.from({ length: executed.length - 3 }, () => 'read_back_later'),
  ]);
});

test('only what asks for time is throttled, and carries the time', () => {
  const throttled = faults.filter(
    (fault) => failureOf({ fault, phase: 'read', subject: 's', seen: 's', retryAfterMs: 4000 }).kind === 'throttled',
  );
  expect(throttled.toSorted()).toEqual(['overloaded', 'rate_limited', 'refused_for_now']);
  expect(
    failureOf({ fault: 'rate_limited', phase: 'write_after_send', subject: 's', seen: 'x', retryAfterMs: 4000 }),
  ).toEqual({ kind: 'throttled', retryAfterMs: 4000, reason: 'Cannot s: x, asked to wait 4 s' });
});
