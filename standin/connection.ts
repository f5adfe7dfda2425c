import type { JsonRecord } from './record.ts';

/** A user's connected account. Its authData is what the app finds in `bundle.authData`. */
export type Connection = {
  readonly id: string;
  readonly userId: string;
  readonly authData: JsonRecord;
  /** What the user sees in the list of accounts, rendered from the app's connectionLabel. */
  readonly label: string;
  /** IANA name of the user's zone. */
  readonly timezone: string;
  /** The X-Token that its invocations carry. */
  readonly token: string;
  /** Whether an ExpiredAuthError marked it; its runs are held until it is connected again. */
  readonly isExpired: () => boolean;
  readonly markExpired: (isExpired: boolean) => void;
};

export type ConnectionFacts = Omit<Connection, 'isExpired' | 'markExpired'>;

export const createConnection = (facts: ConnectionFacts): Connection => {
  let isExpired = false;
  return {
    ...facts,
    isExpired: () => isExpired,
    markExpired: (state) => {
      isExpired = state;
    },
  };
};
