import { instantText } from '../../../src/core/read/checkpoint.ts';
import { checkPageOrder } from '../../../src/core/read/page-order.ts';
import type { SystemRecord } from '../../../src/core/system/entity-driver.ts';

const record = (time: string, id = 'a'): SystemRecord => ({
  id,
  updatedAt: instantText.parse(`2026-11-21T${time}Z`),
  body: {},
});
const records = (...times: string[]): SystemRecord[] => times.map((time) => record(time));

test.each([
  ['no record', [], undefined],
  ['no record after one', [], record('10:00:00')],
  ['one record', records('10:00:00'), undefined],
  ['ascending times', records('10:00:00', '10:00:01', '11:00:00'), undefined],
  ['equal times, whatever the IDs', [record('10:00:00', 'z'), record('10:00:00', 'a')], record('10:00:00', 'zz')],
  ['a first record at the time of the last one before', records('10:00:00'), record('10:00:00')],
])('%s: ordered', (_what, page, before) => {
  expect(checkPageOrder(page, before)).toEqual({ kind: 'ordered' });
});

test.each([
  ['a record older than the one before it', records('10:00:00', '11:00:00', '10:59:59'), undefined, 2],
  ['one older by 100 ns', records('10:00:00.0000002', '10:00:00.0000001'), undefined, 1],
  ['a first record older than the last one before', records('09:59:59', '10:00:00'), record('10:00:00'), 0],
  ['several: the first is named', records('10:00:00', '09:00:00', '08:00:00'), undefined, 1],
])('%s: out of order', (_what, page, before, position) => {
  expect(checkPageOrder(page, before)).toEqual({ kind: 'out_of_order', position });
});
