type SeededContact = {
  readonly id: number;
  readonly fullName: string;
  readonly email: string;
  readonly source: 'web form';
};

/**
 * Contacts without an `erpId`. They are bait: json-server ignores a filter on a field that no row has, and
 * then answers with these.
 */
export const seedContacts = (count: number): readonly SeededContact[] =>
  Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    fullName: `Visitor ${index + 1}`,
    email: `visitor.${index + 1}@example.com`,
    source: 'web form',
  }));
