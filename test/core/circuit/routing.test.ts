import { type Circuit, newCircuit } from '../../../src/core/circuit/circuit.ts';
import { decideRouting } from '../../../src/core/circuit/routing.ts';
import { instantFromMs } from '../../../src/core/instant.ts';

const START_MS = Date.parse('2026-11-21T12:00:00Z');
const at = (minutes: number) => instantFromMs(START_MS + minutes * 60_000);
const open: Circuit = { ...newCircuit, state: 'open', openings: 3, openedAt: at(0), retryAt: at(15) };
const afterTen = { afterMinutes: 10 };

const nothing = { most: 0, toTarget: 0, isParking: true };
const all = { most: 90, toTarget: 90, isParking: false };
const wasOpen: Circuit = { ...newCircuit, openedAt: at(0), closedAt: at(1) };
const throttled: Circuit = { ...newCircuit, notBefore: at(60) };

test.each([
  { name: 'a closed circuit hands out all', circuit: newCircuit, minutes: 20, fallback: afterTen, expected: all },
  { name: 'one that was open before does too', circuit: wasOpen, minutes: 20, fallback: afterTen, expected: all },
  { name: 'an open one hands out nothing', circuit: open, minutes: 5, fallback: undefined, expected: nothing },
  {
    name: 'and one as a probe when it is time',
    circuit: open,
    minutes: 15,
    fallback: undefined,
    expected: { most: 1, toTarget: 1, isParking: true },
  },
  { name: 'a fallback waits for its minutes', circuit: open, minutes: 9, fallback: afterTen, expected: nothing },
  {
    name: 'after them all go the other way',
    circuit: open,
    minutes: 10,
    fallback: afterTen,
    expected: { most: 90, toTarget: 0, isParking: true },
  },
  {
    name: 'but the probe',
    circuit: open,
    minutes: 15,
    fallback: afterTen,
    expected: { most: 90, toTarget: 1, isParking: true },
  },
  {
    name: 'a target that only asked to wait has no other way',
    circuit: throttled,
    minutes: 20,
    fallback: afterTen,
    expected: nothing,
  },
])('$name', ({ circuit, minutes, fallback, expected }) => {
  expect(decideRouting(circuit, at(minutes), 90, fallback)).toEqual(expected);
});
