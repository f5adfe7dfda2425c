import { instantFromMs } from '../../src/core/instant.ts';
import type { World } from '../world/world.ts';

export type Act = { readonly what: 'add' | 'late' | 'touch' | 'remove' | 'poll'; readonly pick: number };

/** What other people do to a source whose times go in steps. */
export type MovingSource = {
  readonly act: (act: Act) => void;
  /** Name of each record that is there, by ID. */
  readonly names: ReadonlyMap<string, string>;
};

export const moveSource = (world: World, tickMs: number): MovingSource => {
  const { source, clock } = world;
  const names = new Map<string, string>();
  let made = 0;
  const put = (id: string, atMs: number): void => {
    made += 1;
    const name = `name ${made}`;
    source.put({ id, updatedAt: instantFromMs(Math.floor(atMs / tickMs) * tickMs), name, email: null, amount: null });
    names.set(id, name);
  };
  const act = ({ what, pick }: Act): void => {
    clock.nowMs += 500;
    const index = pick % Math.max(source.rows.length, 1);
    const id = source.rows[index]?.['id'];
    if (what === 'add') put(`r${made}`, clock.nowMs);
    // Under a time that may have been read, by no more than the overlap.
    else if (what === 'late') put(`r${made}`, clock.nowMs - pick * 1000);
    else if (typeof id !== 'string') return;
    else if (what === 'touch') put(id, clock.nowMs);
    else if (what === 'remove') {
      source.rows.splice(index, 1);
      names.delete(id);
    }
  };
  return { act, names };
};
