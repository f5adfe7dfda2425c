import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { circuitTable } from '../../src/core/circuit/circuit-state.ts';
import { deliveryAnswers } from '../../src/core/obligation/delivery-answers.ts';
import { deliveryStates, deliveryTable } from '../../src/core/obligation/delivery-state.ts';
import { firstStates, obligationStates, obligationTable } from '../../src/core/obligation/obligation-state.ts';
import { cycleTable } from '../../src/core/read/cycle-lease.ts';
import { ownerTable } from '../../src/core/read/stream-owner.ts';
import { letterStates, letterTable } from '../../src/core/replay/letter-state.ts';
import { changeBy, stateAfter, type StateTable } from '../../src/core/state-table.ts';
import { intentStates, intentTable, nextWrites } from '../../src/core/write/intent-state.ts';
import { codeOf, root, tableOf } from './document.ts';

/** What every cell of a table says, by `state event`. */
type Said = Readonly<Record<string, string>>;

const saidByCode = (table: Readonly<Record<string, object>>): Said =>
  Object.fromEntries(
    Object.entries(table).flatMap(([state, row]) =>
      Object.entries(row).map(([event, cell]): [string, string] => [`${state} ${event}`, String(cell)]),
    ),
  );

const meaningOf = (cell: string): string => {
  const [word = ''] = cell.split(':');
  return codeOf(cell) ?? (word === 'not possible' ? 'impossible' : word);
};

const saidByDocument = (name: string): Said => {
  const { heads, rows } = tableOf(name);
  return Object.fromEntries(
    rows.flatMap(({ first, cells }) =>
      cells.map((cell, place): [string, string] => [`${codeOf(heads[place] ?? '')} ${codeOf(first)}`, meaningOf(cell)]),
    ),
  );
};

const tables = {
  obligation: obligationTable,
  delivery: deliveryTable,
  answer: deliveryAnswers,
  intent: intentTable,
  'last intent': nextWrites,
  'dead letter': letterTable,
  cycle: cycleTable,
  stream: ownerTable,
  circuit: circuitTable,
};

test.each(Object.entries(tables))('the document says of every %s in every state what the code does', (name, table) => {
  expect(saidByDocument(name)).toEqual(saidByCode(table));
});

test('the document says what a version comes to that is observed for the first time', () => {
  const said = tableOf('first').rows.map(({ first, cells }) => [codeOf(first), codeOf(cells[0] ?? '')]);
  expect(Object.fromEntries(said)).toEqual(firstStates);
});

test.each([
  ['obligation', obligationStates, obligationTable],
  ['delivery', deliveryStates, deliveryTable],
  ['intent', intentStates, intentTable],
  ['dead letter', letterStates, letterTable],
])('the list of the states of a %s is that of its table', (_name, states, table) => {
  expect([...states]).toEqual(Object.keys(table));
});

/** What statements set, as they stand in the text of a file. */
const settingsIn = (text: string): string[] =>
  [...text.matchAll(/\bset\b([^`]*?)(?=\bwhere\b|\bfrom\b|`)/g)].map(([, columns = '']) => columns);

test('no statement of the store changes a state by a word of its own: it takes it from a table', () => {
  const folder = join(root, 'src/store/sql');
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const settings = files.flatMap((file) => settingsIn(readFileSync(join(folder, file), 'utf8')));
  const states = settings.filter((columns) => /(?:^|,)\s*(?:state|closed_as) = /.test(columns));
  expect(states.length).toBeGreaterThan(10);
  expect(states.filter((columns) => /(?:^|,)\s*(?:state|closed_as) = '/.test(columns))).toEqual([]);
});

type Lamp = StateTable<'off' | 'on' | 'broken', 'press' | 'drop' | 'mend'>;
const lamp: Lamp = {
  off: { press: 'on', drop: 'broken', mend: 'nothing' },
  on: { press: 'off', drop: 'broken', mend: 'nothing' },
  broken: { press: 'refused', drop: 'impossible', mend: 'off' },
};
const lampStates = ['off', 'on', 'broken'] as const;

test('a table without one of its pairs does not compile, nor one with a state that there is not', () => {
  // @ts-expect-error -- nobody said what becomes of a lamp that is on and falls
  const short: Lamp = { ...lamp, on: { press: 'off', mend: 'nothing' } };
  // @ts-expect-error -- there is no such state
  const strange: Lamp = { ...lamp, on: { press: 'dim', drop: 'broken', mend: 'nothing' } };
  expect([short.on, strange.on]).toHaveLength(2);
});

test('nothing and refused leave a state as it is, and what was taken for impossible is thrown', () => {
  expect(stateAfter(lamp, 'off', 'press')).toBe('on');
  expect(stateAfter(lamp, 'off', 'mend')).toBe('off');
  expect(stateAfter(lamp, 'broken', 'press')).toBe('broken');
  expect(() => stateAfter(lamp, 'broken', 'drop')).toThrow('state "broken" by event "drop"');
});

test('a statement for many rows touches those that the event changes, and an event of several outcomes has none', () => {
  expect(changeBy(lamp, lampStates, 'drop')).toEqual({ from: ['off', 'on'], to: 'broken' });
  expect(changeBy(lamp, lampStates, 'mend')).toEqual({ from: ['broken'], to: 'off' });
  expect(() => changeBy(lamp, lampStates, 'press')).toThrow('"press"');
});
