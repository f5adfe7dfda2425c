/** What was asked cannot be done, for a reason that a person can act on: the message says what to do next. */
export class CliFailure extends Error {
  /** 1: it was tried and failed. 2: it was asked for in a way that cannot be meant. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
  }
}
