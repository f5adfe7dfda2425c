import type { Command } from 'commander';
import { CliFailure } from './cli-failure.ts';

export type WaiverOptions = { readonly person?: string; readonly ticket?: string };
type Waiver = { readonly person: string; readonly ticket: string };

/** Adds the options that say who answers for a waiver. */
export const withWaiver = (command: Command): Command =>
  command
    .option('--person <name>', 'who answers for the waiver')
    .option('--ticket <ticket>', 'the ticket under which it was decided');

/** Who answers for a waiver, and under which ticket. Neither is ever guessed. */
export const waiverOf = ({ person, ticket }: WaiverOptions): Waiver => {
  if (person !== undefined && ticket !== undefined) return { person, ticket };
  throw new CliFailure('A record is waived by a person and under a ticket: give --person and --ticket', 2);
};
