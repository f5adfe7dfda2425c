export type SeededRecord = { readonly id: number; readonly updatedAt: string; readonly name: string };

const TIED = 4;

/** Records in the order of their change, four to each second; their IDs are in another order. */
export const seedRecords = (count: number): readonly SeededRecord[] =>
  Array.from({ length: count }, (_row, index) => ({
    id: ((index * 7) % count) + 1,
    updatedAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(index / TIED) * 1000).toISOString(),
    name: `Record ${index}`,
  }));
