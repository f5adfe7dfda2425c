/** Values that may appear nowhere but on the target: each is looked for in errors and logs. */
export const privateValues = ['ada.lovelace@private.example', 'Ada Lovelace-Byron', '987-65-4321', 'board-only-tag'];

/** Source records, a minute apart, at whole seconds: Zapier cuts the fields of a date and time there. */
export const makeCustomers = (count: number, untilMs: number) =>
  Array.from({ length: count }, (_none, index) => ({
    id: `C-${index + 1}`,
    changed_at: new Date((Math.floor(untilMs / 1000) - (count - index) * 60) * 1000).toISOString(),
    mail: index === 0 ? 'ada.lovelace@private.example' : `person.${index + 1}@example.com`,
    name: index === 0 ? 'Ada Lovelace-Byron' : `Person ${index + 1} {{bundle.inputData.sync}}`,
    credit: index === 1 ? '9007199254740993' : 100 + index,
    tags: index === 0 ? ['board-only-tag'] : [],
    tier: 'gold',
    tax_id: '987-65-4321',
  }));
