import Table from 'cli-table3';
import type { DemoResult } from './run-demo.ts';

/** The figures of a run as the last line of output: one object. */
export const reportLine = (result: DemoResult, seconds: number): string => {
  const { read, delivered, written, pages, calls, faults, audit, before, broken, after } = result;
  return JSON.stringify({
    read,
    delivered,
    written,
    duplicates: audit.duplicates,
    lost: audit.lost,
    pages,
    calls,
    verdict: after.verdict,
    faults,
    customers: audit.customers,
    verdicts: [before.verdict, broken.verdict, after.verdict],
    seconds: Math.round(seconds),
  });
};

/** The same for a person. */
export const reportTable = (result: DemoResult, seconds: number): string => {
  const table = new Table({ head: ['figure', 'value', 'what it counts'], style: { head: [], border: [] } });
  table.push(
    ['read', result.read, 'rows that the source sent, overlaps included'],
    ['delivered', result.delivered, 'deliveries handed to Zapier, redeliveries included'],
    ['written', result.written, 'versions confirmed on the target'],
    ['duplicates', result.audit.duplicates, 'contacts beyond one for a customer, by an independent count'],
    ['lost', result.audit.lost, 'customers that no contact carries as they are, by an independent count'],
    ['pages', result.pages, 'pages read from the source'],
    ['calls', result.calls, `requests to both systems, ${result.faults} of them struck by a fault`],
    ['verdict', result.after.verdict, `evidence ${result.after.evidence_id ?? '(none)'}`],
  );
  return `${table.toString()}\n${result.audit.customers} customers, ${Math.round(seconds)} s`;
};
