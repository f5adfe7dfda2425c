/** The one table of these tests. */
export type NumberTable = { number: { n: number } };
