import type { Clock } from './clock.ts';
import { createScaledClock } from './scaled-clock.ts';

/** The wall clock. */
export const realClock = (): Clock => createScaledClock(1);
