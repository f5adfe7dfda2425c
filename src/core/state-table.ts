/**
 * What an event makes of a state, where it makes no other of it:
 *
 * - `nothing`: the state stays, and the caller is answered as before
 * - `refused`: the state stays, and the caller is told that this cannot be
 * - `impossible`: something else keeps the event from coming, and if it came that would be a bug
 */
type Kept = 'nothing' | 'refused' | 'impossible';

/** Every event in every state: a pair that is missing does not compile. */
export type StateTable<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Record<Event, State | Kept>>>
>;

const isKept = (cell: string): cell is Kept => cell === 'nothing' || cell === 'refused' || cell === 'impossible';

/** The state after an event. @throws where the table says that the event cannot come */
export const stateAfter = <State extends string, Event extends string>(
  table: StateTable<State, Event>,
  state: State,
  event: Event,
): State => {
  const cell: State | Kept = table[state][event];
  if (!isKept(cell)) return cell;
  if (cell !== 'impossible') return state;
  throw new Error(`Cannot go on from state "${state}" by event "${event}": that was taken for impossible`);
};

/** What one statement does for an event: it touches rows in these states and no others, and all become the same. */
export type Change<State extends string> = { readonly from: readonly State[]; readonly to: State };

/** The change that an event is, wherever it changes anything. @throws where it has not one outcome but several or none */
export const changeBy = <State extends string, Event extends string>(
  table: StateTable<State, Event>,
  states: readonly State[],
  event: Event,
): Change<State> => {
  const from = states.filter(
    (state) => table[state][event] !== 'impossible' && stateAfter(table, state, event) !== state,
  );
  const [to, ...others] = new Set(from.map((state) => stateAfter(table, state, event)));
  if (to === undefined || others.length > 0) throw new Error(`Cannot tell what "${event}" leads to: not to one state`);
  return { from, to };
};
