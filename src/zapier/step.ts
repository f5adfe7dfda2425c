import type { Bundle, ZObject } from 'zapier-platform-core';
import * as zod from 'zod';
import { name } from '../core/contract/name.ts';
import { outcomeOf, toZapierError } from './errors.ts';
import { openShell, type Shell } from './shell.ts';

/** One call of Zapier into the app. */
export type Call = { readonly z: ZObject; readonly bundle: Bundle; readonly shell: Shell };

/** What a step does, as it goes after "Cannot" in its messages. */
export type Step = {
  readonly action: string;
  /** The connection is being made: a key that the store does not know is wrong, not expired. */
  readonly connecting?: boolean;
};

const chosenSync = zod.object({ sync: name });

/** Fills the sync into an action that leaves room for it; a field that holds no name may hold anything, so it is not shown. */
const describe = (action: string, inputData: unknown): string => {
  const parsed = chosenSync.safeParse(inputData);
  return action.replace('{sync}', parsed.success ? `sync "${parsed.data.sync}"` : 'a sync');
};

/**
 * Wraps what a trigger, search, create or field function does: opens the shell, and turns everything that is thrown
 * into the Zapier error it should be. Nothing else in the app does that.
 */
export const step =
  <Result>({ action, connecting = false }: Step, body: (call: Call) => Promise<Result>) =>
  async (z: ZObject, bundle: Bundle): Promise<Result> => {
    try {
      return await body({ z, bundle, shell: openShell(bundle) });
    } catch (error) {
      throw toZapierError(z, outcomeOf(error, describe(action, bundle.inputData), connecting));
    }
  };
